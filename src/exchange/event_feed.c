// SPDX-License-Identifier: Apache-2.0
// An event borrows its texts from the block of rows and from the door that made it, so every place on a
// tray has a door (or a JSON parser) of its own, and a block goes when the last tray with its rows comes
// back. Trays go round: empty ones wait in the ring behind the full ones.
//
//   feed:   fill trays[filled % TRAYS]  while filled - freed < TRAYS
//   caller: take trays[taken % TRAYS]   while taken < filled, then free it
#include "exchange/event_feed.h"

#include "base/error.h"
#include "exchange/row_queue.h"
#include "wire/segment.h"

#include <pthread.h>

enum { TRAYS = 4, OBJECT_SIZE_MAX = 1 << 20 };

typedef struct {
  Event event;
  Door *door;       /* of rows of cells */
  Segment *segment; /* of JSON */
  char reason[FEED_REASON_SIZE];
} Place;

typedef struct {
  FeedTray tray;
  Place *places[FEED_TRAY_SIZE];
  RowBlock *finished; /* goes when the tray comes back */
} Carrier;

struct EventFeed {
  FeedOptions options;
  RowQueue *queue;
  RowBlock *first;
  Carrier carriers[TRAYS];
  pthread_t thread;
  gboolean running;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  guint filled, taken, freed;
  gboolean ended, stopped;
  GError *error;
};

/* --- making events --------------------------------------------------------------------------- */

static gboolean is_json(const FeedOptions *options) {
  return row_in_kind(options->in) == FILE_JSON || row_in_kind(options->in) == FILE_JSON_LINES;
}

static Place *place_new(const FeedOptions *options) {
  Place *place = g_malloc(sizeof *place);
  place->segment = is_json(options) ? segment_new(&options->door, options->mapping, OBJECT_SIZE_MAX) : NULL;
  place->door = place->segment ? NULL : door_new(&options->door);
  return place;
}

static void place_free(Place *place) {
  if (!place)
    return;
  segment_free(place->segment);
  door_free(place->door);
  g_free(place);
}

static gboolean read_row(const FeedOptions *options, Place *place, const RowBlock *block, guint row, const char **why) {
  static const SegmentTimes unknown = {0, 0};
  if (place->segment)
    return segment_read(place->segment, block->rows[row].raw, &unknown, &place->event, why);
  const Cell *cells = row_block_cells(block, row, row_in_columns(options->in));
  return mapping_apply(options->mapping, place->door, cells, &place->event, why);
}

static void make_item(const FeedOptions *options, Place *place, const RowBlock *block, guint row, FeedItem *item) {
  *item = (FeedItem){.row = row, .why = block->rows[row].refused};
  if (!item->why && read_row(options, place, block, row, &item->why))
    item->why = options->object ? options->object(&place->event, place->reason, options->user) : NULL;
  if (item->why)
    return;
  item->event = &place->event;
  item->key =
      seen_key(options->seen, &place->event, options->group, seen_content(&place->event, options->source, options->door.key));
}

static void fill(EventFeed *feed, Carrier *carrier, RowBlock *block, guint from) {
  carrier->tray.block = block;
  carrier->tray.n = MIN(FEED_TRAY_SIZE, block->n - from);
  carrier->finished = from + carrier->tray.n == block->n ? block : NULL;
  for (guint i = 0; i < carrier->tray.n; i++) {
    if (!carrier->places[i])
      carrier->places[i] = place_new(&feed->options);
    make_item(&feed->options, carrier->places[i], block, from + i, &carrier->tray.items[i]);
  }
}

/* --- the ring -------------------------------------------------------------------------------- */

/* An empty tray, or NULL when nobody wants more. */
static Carrier *wait_for_empty(EventFeed *feed) {
  pthread_mutex_lock(&feed->lock);
  while (feed->filled - feed->freed == TRAYS && !feed->stopped)
    pthread_cond_wait(&feed->changed, &feed->lock);
  Carrier *carrier = feed->stopped ? NULL : &feed->carriers[feed->filled % TRAYS];
  pthread_mutex_unlock(&feed->lock);
  return carrier;
}

static void hand_on(EventFeed *feed) {
  pthread_mutex_lock(&feed->lock);
  feed->filled++;
  pthread_cond_signal(&feed->changed);
  pthread_mutex_unlock(&feed->lock);
}

static void end(EventFeed *feed, GError *error) {
  pthread_mutex_lock(&feed->lock);
  feed->ended = TRUE;
  feed->error = error;
  pthread_cond_signal(&feed->changed);
  pthread_mutex_unlock(&feed->lock);
}

/* FALSE when nobody wants more; the block then is still ours. */
static gboolean serve(EventFeed *feed, RowBlock *block) {
  guint n = block->n; /* after its last tray the block is no longer ours */
  for (guint from = 0; from < n; from += FEED_TRAY_SIZE) {
    Carrier *carrier = wait_for_empty(feed);
    if (!carrier)
      return FALSE;
    fill(feed, carrier, block, from);
    hand_on(feed);
  }
  return TRUE;
}

static void *serve_all(void *user) {
  EventFeed *feed = user;
  GError *error = NULL;
  pthread_setname_np(pthread_self(), "make events");
  RowBlock *block = g_steal_pointer(&feed->first);
  while (block && serve(feed, block)) {
    block = NULL;
    if (!row_queue_next(feed->queue, &block, &error))
      break;
  }
  row_block_free(block);
  end(feed, error);
  return NULL;
}

/* --- for the caller -------------------------------------------------------------------------- */

EventFeed *event_feed_new(const FeedOptions *options, RowBlock *take_first, GError **error) {
  g_autoptr(EventFeed) feed = g_new0(EventFeed, 1);
  feed->options = *options;
  feed->first = take_first;
  pthread_mutex_init(&feed->lock, NULL);
  pthread_cond_init(&feed->changed, NULL);
  feed->queue = row_queue_new(options->in, error);
  if (!feed->queue)
    return NULL;
  feed->running = pthread_create(&feed->thread, NULL, serve_all, feed) == 0;
  if (!feed->running) {
    error_set(error, ERROR_LIMIT, "the system gives no thread to read with");
    return NULL;
  }
  return g_steal_pointer(&feed);
}

static void carrier_clear(Carrier *carrier) {
  g_clear_pointer(&carrier->finished, row_block_free);
  for (guint i = 0; i < FEED_TRAY_SIZE; i++)
    place_free(carrier->places[i]);
}

static void stop(EventFeed *feed) {
  pthread_mutex_lock(&feed->lock);
  feed->stopped = TRUE;
  pthread_cond_signal(&feed->changed);
  pthread_mutex_unlock(&feed->lock);
  pthread_join(feed->thread, NULL);
}

void event_feed_free(EventFeed *feed) {
  if (!feed)
    return;
  if (feed->running)
    stop(feed);
  row_queue_free(feed->queue);
  row_block_free(feed->first);
  for (guint i = 0; i < TRAYS; i++)
    carrier_clear(&feed->carriers[i]);
  g_clear_error(&feed->error);
  pthread_cond_destroy(&feed->changed);
  pthread_mutex_destroy(&feed->lock);
  g_free(feed);
}

/* Gives back the tray taken last. */
static void give_back(EventFeed *feed) {
  if (feed->taken == feed->freed)
    return;
  g_clear_pointer(&feed->carriers[feed->freed % TRAYS].finished, row_block_free);
  pthread_mutex_lock(&feed->lock);
  feed->freed++;
  pthread_cond_signal(&feed->changed);
  pthread_mutex_unlock(&feed->lock);
}

gboolean event_feed_next(EventFeed *feed, const FeedTray **tray, GError **error) {
  give_back(feed);
  *tray = NULL;
  pthread_mutex_lock(&feed->lock);
  while (feed->taken == feed->filled && !feed->ended)
    pthread_cond_wait(&feed->changed, &feed->lock);
  if (feed->taken < feed->filled)
    *tray = &feed->carriers[feed->taken++ % TRAYS].tray;
  pthread_mutex_unlock(&feed->lock);
  if (*tray || !feed->error)
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&feed->error));
  return FALSE;
}
