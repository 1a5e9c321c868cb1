/* SPDX-License-Identifier: Apache-2.0
 * event_feed.h: a file's rows as events, made on a thread of its own while another reads (row_queue.h) and
 * the caller stores. They come in trays, in the order of the file. */
#pragma once
#include "exchange/row_in.h"
#include "record/seen.h"

enum { FEED_TRAY_SIZE = 64, FEED_REASON_SIZE = 200 };

typedef struct {
  RowIn *in;
  DoorOptions door;
  const Mapping *mapping; /* NULL: JSON as Segment has it */
  const Seen *seen;
  const char *source, *group;
  /* The caller's own reason to refuse a good event, or NULL; called on the feed's thread. */
  const char *(*object)(const Event *event, char reason[FEED_REASON_SIZE], gpointer user);
  gpointer user;
} FeedOptions;

typedef struct {
  const Event *event;
  const char *why; /* it is refused, and there is no event */
  SeenKey key;
  guint row; /* of the tray's block */
} FeedItem;

typedef struct {
  const RowBlock *block;
  guint n;
  FeedItem items[FEED_TRAY_SIZE];
} FeedTray;

typedef struct EventFeed EventFeed;

/* `take_first` is the block that was read already; the feed frees it, also when it fails. What options point at
 * must outlive the feed. */
EventFeed *event_feed_new(const FeedOptions *options, RowBlock *take_first, GError **error);
void event_feed_free(EventFeed *feed); /* stops wherever it is */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EventFeed, event_feed_free)

/* The next tray, which lives until the next call; NULL after the last. */
gboolean event_feed_next(EventFeed *feed, const FeedTray **tray, GError **error);
