// SPDX-License-Identifier: Apache-2.0
// The measured map. One walk over each person's journeys that begin in range marks which cells (touchpoint, stage) they
// touched, where they went next and where they left. Counts are of distinct persons: every counter keeps the number of
// the person who last raised it.
//
//   ann: ad@awareness  page@consideration  cart@decision  order@decision       bob: ad@awareness  page@consideration
//   awareness 2 (onward 2), consideration 2 (onward 1, left 1), decision 1 (still 1)
//   cell page/consideration: 2 persons, 1 left;  move page -> cart: 1 person
//
// A person is onward in a stage when any of the journeys went further from it, else still when one that stands there is
// open or converted, else left: the three add up to the stage's persons. Who left, left at the cell touched last in that
// stage, so that the cells' leavers add up to the stage's.
//
// A map of many rows is folded (map_fold.h) and walked again with the folded touchpoints counted as one, because persons
// of several rows cannot be told from their counts.
#include "analysis/map.h"
#include "analysis/attribution_paths.h"
#include "analysis/bits.h"
#include "analysis/credit.h"
#include "analysis/derive.h"
#include "analysis/durations.h"
#include "analysis/experience.h"
#include "analysis/map_credit.h"
#include "analysis/map_family.h"
#include "analysis/map_fold.h"
#include "analysis/map_moves.h"
#include "analysis/map_story.h"
#include "analysis/scope.h"
#include "base/error.h"
#include "base/parallel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STAGES_MAX = 16, BEFORE_SCORE_DAYS = 7 };

typedef enum { MARK_PERSONS, MARK_ONWARD, MARK_STILL, MARK_LEFT, MARK_ENTERED, MARK_RETURNED, MARKS } Mark;

typedef struct {
  guint64 count, last; /* last: number of the person who raised it, from 1 */
} Distinct;

typedef struct {
  guint64 count[MARKS];
  Durations times;
  ScoreSum score;
} StageCount;

typedef struct {
  Distinct persons, left;
  gint64 value;
  guint64 valued_journey; /* number of the journey that last added its value */
  ScoreSum score;
} CellCount;

typedef struct {
  DeriveScratch *derive;
  StageCount stages[STAGES_MAX];
  guint64 came[STAGES_MAX][STAGES_MAX]; /* returned to a stage, from a stage */
  CellCount *cells;                     /* by row * n_stages + stage; a row is a touchpoint's code, or that of a fold */
  Distinct *touchpoints;                /* by row */
  guint n_rows;                         /* of both */
  guint32 (*families)[MAP_FAMILIES];    /* by touchpoint: its touches by what they say of its family */
  guint n_families;
  MapMoves *moves;
  GArray *scores;     /* ScoreEvent of the block at hand */
  GArray *journey_at; /* Place per journey of the person at hand */
  GArray *who;
  guint64 person, journey; /* running numbers, from 1 */
  guint64 persons;
  gint64 value;
} Worker;

typedef struct { /* where a journey stands while its events are walked */
  guint32 cell;  /* of its last touch, G_MAXUINT32 before the first */
  gint64 time_ms;
  gint64 entered_ms; /* the stage */
  guint8 stage;
  guint64 number;
} Place;

typedef struct {
  Derive *derive;
  MapFamilies *families;
  Scope *scope;
  Experience *experience;
  Worker *workers;
  guint n_stages;
  const MapFold *fold; /* NULL: every touchpoint is a row */
  int who_stage;       /* -1: any */
  char *who_touchpoint;
} Run;

static gboolean distinct_add(Distinct *counter, guint64 person) {
  if (counter->last == person)
    return FALSE;
  counter->last = person;
  counter->count++;
  return TRUE;
}

static gboolean rows_reserve(Worker *worker, guint n_rows, guint n_stages) {
  if (n_rows <= worker->n_rows)
    return TRUE;
  guint had = worker->n_rows, room = n_rows + n_rows / 2;
  CellCount *cells = g_try_renew(CellCount, worker->cells, (gsize)room * n_stages);
  worker->cells = cells ? cells : worker->cells;
  Distinct *touchpoints = g_try_renew(Distinct, worker->touchpoints, room);
  worker->touchpoints = touchpoints ? touchpoints : worker->touchpoints;
  if (!cells || !touchpoints)
    return FALSE;
  memset(cells + (gsize)had * n_stages, 0, (gsize)(room - had) * n_stages * sizeof *cells);
  memset(touchpoints + had, 0, (room - had) * sizeof *touchpoints);
  worker->n_rows = room;
  return TRUE;
}

static gboolean families_reserve(Worker *worker, guint n_touchpoints) {
  if (n_touchpoints <= worker->n_families)
    return TRUE;
  guint had = worker->n_families, room = n_touchpoints + n_touchpoints / 2;
  void *families = g_try_realloc_n(worker->families, room, sizeof *worker->families);
  if (!families)
    return FALSE;
  worker->families = families;
  worker->n_families = room;
  memset(worker->families + had, 0, (room - had) * sizeof *worker->families);
  return TRUE;
}

/* --- one person ---------------------------------------------------------------------------------- */

typedef struct {
  const Block *data;
  const Derived *derived;
  const ScopeBlock *scope;
  MapFamilyBlock *families;
  guint32 person, first_journey;
  guint8 marks[STAGES_MAX];      /* a bit per Mark */
  guint16 came[STAGES_MAX];      /* a bit per stage that the person came back from */
  guint32 last_cell[STAGES_MAX]; /* touched in the stage; valid where marks has persons */
  gboolean chosen;               /* by --who */
} Ground;

static guint32 row_of(const Run *run, guint32 touchpoint) {
  return run->fold ? map_fold_row(run->fold, touchpoint) : touchpoint;
}

static guint rows_of(const Run *run) {
  return run->fold ? map_fold_codes(run->fold) + map_fold_groups(run->fold) : derive_touchpoints(run->derive);
}

static gboolean row_is(const Run *run, guint32 row, const char *name) {
  guint n = run->fold ? map_fold_codes(run->fold) : G_MAXUINT;
  return row < n ? text_is(derive_touchpoint_name(run->derive, row), name)
                 : strcmp(map_fold_group(run->fold, row - n)->name, name) == 0;
}

static gboolean journey_in_range(const Question *question, const Ground *ground, const Journey *journey) {
  return journey->start_ms >= question->from_ms && journey->start_ms < question->to_ms &&
         (!ground->scope->visible || bit_at(ground->scope->visible, journey->first_event));
}

static void come_back(Ground *ground, guint8 stage, guint8 from) {
  ground->marks[stage] = (guint8)(ground->marks[stage] | 1 << MARK_RETURNED);
  if (from < STAGES_MAX)
    ground->came[stage] = (guint16)(ground->came[stage] | 1 << from);
}

static void enter_stage(Worker *worker, Ground *ground, Place *place, const Journey *journey, guint8 stage, gint64 time_ms) {
  ground->marks[stage] = (guint8)(ground->marks[stage] | 1 << MARK_PERSONS);
  if (place->stage == STAGE_NONE) {
    guint32 first = ground->derived->person_journeys[ground->person];
    const Journey *before = journey > &ground->derived->journeys[first] ? journey - 1 : NULL;
    ground->marks[stage] = (guint8)(ground->marks[stage] | 1 << MARK_ENTERED);
    if (journey->again)
      come_back(ground, stage, before ? before->stage : STAGE_NONE);
  } else if (stage > place->stage) {
    ground->marks[place->stage] = (guint8)(ground->marks[place->stage] | 1 << MARK_ONWARD);
    durations_add(&worker->stages[place->stage].times, time_ms - place->entered_ms);
  } else {
    come_back(ground, stage, place->stage);
  }
  place->stage = stage;
  place->entered_ms = time_ms;
}

static gboolean is_chosen(const Run *run, guint32 row, guint8 stage) {
  if (run->who_stage >= 0 && stage != run->who_stage)
    return FALSE;
  if (run->who_touchpoint && !row_is(run, row, run->who_touchpoint))
    return FALSE;
  return run->who_stage >= 0 || run->who_touchpoint;
}

static void take_touch(const Run *run, Worker *worker, Ground *ground, guint32 event) {
  const Derived *derived = ground->derived;
  guint32 index = derived->event_journey[event] - 1;
  const Journey *journey = &derived->journeys[index];
  Place *place = &g_array_index(worker->journey_at, Place, index - ground->first_journey);
  guint8 stage = derived->event_stage[event];
  guint32 touchpoint = row_of(run, derived->touchpoint[event]), code = touchpoint * run->n_stages + stage;
  gint64 time_ms = block_time_ms(ground->data, event);
  if (stage != place->stage)
    enter_stage(worker, ground, place, journey, stage, time_ms);
  distinct_add(&worker->touchpoints[touchpoint], worker->person);
  if (!map_families_ruled(run->families, derived->touchpoint[event]))
    worker->families[derived->touchpoint[event]][map_family_at(ground->families, event, derived->touchpoint[event])]++;
  CellCount *cell = &worker->cells[code];
  distinct_add(&cell->persons, worker->person);
  ground->last_cell[stage] = code;
  ground->chosen = ground->chosen || is_chosen(run, touchpoint, stage);
  if (journey->conversion != G_MAXUINT32 && cell->valued_journey != place->number) {
    cell->valued_journey = place->number;
    cell->value += derived->conversions[journey->conversion].net_value;
  }
  if (place->cell != G_MAXUINT32 && place->cell != code)
    map_moves_note(worker->moves, place->cell, code, (guint32)worker->person, time_ms - place->time_ms);
  place->cell = code;
  place->time_ms = time_ms;
}

/* The score belongs to the last touch before it that is no survey's own; its event is one when its touchpoint is named
 * by a rule that also carries scores, so plainly: another touchpoint than the score's, else the score's own. */
static void take_score(const Run *run, Worker *worker, const Ground *ground, const ScoreEvent *score) {
  const Derived *derived = ground->derived;
  gint64 time_ms = block_time_ms(ground->data, score->event);
  guint32 best = G_MAXUINT32;
  for (guint32 e = score->event; e-- > ground->data->person_start[ground->person];) {
    if (time_ms - block_time_ms(ground->data, e) > (gint64)BEFORE_SCORE_DAYS * MS_DAY)
      break;
    if (derived->event_journey[e] && bit_at(derived->touch, e) && derived->touchpoint[e] != derived->touchpoint[score->event]) {
      best = e;
      break;
    }
  }
  if (best == G_MAXUINT32 && derived->event_journey[score->event])
    best = score->event;
  if (best == G_MAXUINT32)
    return;
  guint8 stage = derived->event_stage[best];
  score_add(&worker->cells[row_of(run, derived->touchpoint[best]) * run->n_stages + stage].score, score->value);
  score_add(&worker->stages[stage].score, score->value);
}

static void take_ends(const Question *question, Worker *worker, Ground *ground, guint32 end) {
  for (guint32 j = ground->first_journey; j < end; j++) {
    const Journey *journey = &ground->derived->journeys[j];
    const Place *place = &g_array_index(worker->journey_at, Place, j - ground->first_journey);
    if (place->stage == STAGE_NONE || !journey_in_range(question, ground, journey))
      continue;
    gboolean left = journey->state == JOURNEY_ABANDONED;
    ground->marks[place->stage] = (guint8)(ground->marks[place->stage] | 1 << (left ? MARK_LEFT : MARK_STILL));
    if (journey->conversion != G_MAXUINT32)
      worker->value += ground->derived->conversions[journey->conversion].net_value;
  }
}

static void count_marks(const Run *run, Worker *worker, const Ground *ground) {
  gboolean any = FALSE;
  for (guint s = 0; s < run->n_stages; s++) {
    guint8 marks = ground->marks[s];
    if (marks & 1 << MARK_ONWARD)
      marks = (guint8)(marks & ~(1 << MARK_STILL | 1 << MARK_LEFT));
    else if (marks & 1 << MARK_STILL)
      marks = (guint8)(marks & ~(1 << MARK_LEFT));
    else if (marks & 1 << MARK_PERSONS)
      marks = (guint8)(marks | 1 << MARK_LEFT);
    for (guint m = 0; m < MARKS; m++)
      worker->stages[s].count[m] += marks >> m & 1;
    if (marks & 1 << MARK_LEFT)
      distinct_add(&worker->cells[ground->last_cell[s]].left, worker->person);
    for (guint from = 0; ground->came[s] && from < run->n_stages; from++)
      worker->came[s][from] += ground->came[s] >> from & 1;
    any = any || marks;
  }
  worker->persons += any;
}

static void begin_person(Ground *ground, guint32 person) {
  ground->person = person;
  ground->first_journey = ground->derived->person_journeys[person];
  ground->chosen = FALSE;
  memset(ground->marks, 0, sizeof ground->marks);
  memset(ground->came, 0, sizeof ground->came);
}

static void take_person(const Question *question, const Run *run, Worker *worker, Ground *ground, GArray *scores, guint *score) {
  const Block *data = ground->data;
  const Derived *derived = ground->derived;
  guint32 first = ground->first_journey, end = derived->person_journeys[ground->person + 1];
  guint32 last_event = data->person_start[ground->person + 1];
  worker->person++;
  g_array_set_size(worker->journey_at, end - first);
  for (guint32 j = first; j < end; j++)
    g_array_index(worker->journey_at, Place, j - first) = (Place){G_MAXUINT32, 0, 0, STAGE_NONE, ++worker->journey};
  for (guint32 e = data->person_start[ground->person]; e < last_event && first < end; e++) {
    guint32 index = derived->event_journey[e];
    if (!index || (ground->scope->kept && !bit_at(ground->scope->kept, e)))
      continue;
    if (journey_in_range(question, ground, &derived->journeys[index - 1]))
      take_touch(run, worker, ground, e);
  }
  for (; *score < scores->len && g_array_index(scores, ScoreEvent, *score).event < last_event; (*score)++) {
    const ScoreEvent *row = &g_array_index(scores, ScoreEvent, *score);
    if (row->event >= data->person_start[ground->person] && bit_at(derived->seen, row->event))
      take_score(run, worker, ground, row);
  }
  take_ends(question, worker, ground, end);
  count_marks(run, worker, ground);
  if (ground->chosen && worker->who)
    g_array_append_val(worker->who, data->person_id[ground->person]);
}

static gboolean no_memory(GError **error) {
  return error_set(error, ERROR_LIMIT,
                   "the map does not fit into memory\nhint: ask for a shorter range, or name touchpoints in the "
                   "project file");
}

static gboolean map_block(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Run *run = user;
  Worker *worker = &run->workers[number];
  ScopeBlock scope;
  Derived derived;
  guint score = 0;
  if (data->unidentified)
    return TRUE;
  if (!scope_block(run->scope, block, data, number, &scope, error))
    return FALSE;
  if (scope.nothing)
    return TRUE;
  if (!worker->derive)
    worker->derive = derive_scratch_new(run->derive);
  if (!derive_block(run->derive, worker->derive, block, data, &derived, error) ||
      !experience_block(run->experience, block, data, worker->scores, error))
    return FALSE;
  if (derive_touchpoints(run->derive) > MAP_TOUCHPOINTS_MAX)
    return error_set(error, ERROR_LIMIT,
                     "the map would have more than %d touchpoints\nhint: name touchpoints in the project file, or use --where",
                     MAP_TOUCHPOINTS_MAX);
  if (!rows_reserve(worker, rows_of(run), run->n_stages) || !families_reserve(worker, derive_touchpoints(run->derive)))
    return no_memory(error);
  g_auto(MapFamilyBlock) families = {0};
  if (!map_family_block(run->families, block, data, &families, error))
    return FALSE;
  Ground ground = {.data = data, .derived = &derived, .scope = &scope, .families = &families};
  for (guint32 p = 0; p < data->n_persons; p++) {
    if (bit_at(data->dead, p))
      continue;
    begin_person(&ground, p);
    take_person(question, run, worker, &ground, worker->scores, &score);
  }
  return !worker->moves->failed || no_memory(error);
}

/* --- putting workers together -------------------------------------------------------------------- */

static void worker_init(Worker *worker, gsize budget_bytes, gboolean who) {
  worker->moves = map_moves_new(budget_bytes);
  worker->scores = g_array_new(FALSE, FALSE, sizeof(ScoreEvent));
  worker->journey_at = g_array_new(FALSE, FALSE, sizeof(Place));
  worker->who = who ? g_array_new(FALSE, FALSE, sizeof(guint64)) : NULL;
}

static void worker_clear(Worker *worker) {
  derive_scratch_free(worker->derive);
  for (guint s = 0; s < STAGES_MAX; s++)
    durations_clear(&worker->stages[s].times);
  g_free(worker->cells);
  g_free(worker->touchpoints);
  g_free(worker->families);
  map_moves_free(worker->moves);
  g_array_unref(worker->scores);
  g_array_unref(worker->journey_at);
  g_clear_pointer(&worker->who, g_array_unref);
}

static void stage_clear(gpointer data) {
  g_free(((MapStage *)data)->name);
  g_free(((MapStage *)data)->label);
}
static void touchpoint_clear(gpointer data) {
  MapTouchpoint *touchpoint = data;
  g_free(touchpoint->name);
  g_free(touchpoint->label);
  g_free(touchpoint->family);
  g_strfreev(touchpoint->folded);
}

static GArray *array_of(guint size, GDestroyNotify clear) {
  GArray *array = g_array_new(FALSE, TRUE, size);
  if (clear)
    g_array_set_clear_func(array, clear);
  return array;
}

static JourneyMap *map_new(void) {
  JourneyMap *map = g_new0(JourneyMap, 1);
  map->stages = array_of(sizeof(MapStage), stage_clear);
  map->touchpoints = array_of(sizeof(MapTouchpoint), touchpoint_clear);
  map->cells = array_of(sizeof(MapCell), NULL);
  map->moves = array_of(sizeof(MapMove), NULL);
  map->weak = array_of(sizeof(MapWeakness), NULL);
  map->road = array_of(sizeof(guint), NULL);
  return map;
}

void journey_map_free(gpointer data) {
  JourneyMap *map = data;
  if (!map)
    return;
  GArray *arrays[] = {map->stages, map->touchpoints, map->cells, map->moves, map->weak, map->road};
  for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
    g_array_unref(arrays[i]);
  g_clear_pointer(&map->who, g_array_unref);
  g_free(map->model);
  g_free(map->language);
  g_free(map->currency);
  g_free(map->lead);
  g_free(map->project);
  g_free(map->filters);
  zone_free(map->zone);
  g_free(map);
}

/* Where most of those who came back to a stage came from. */
static guint came_from(const Run *run, guint n, guint stage) {
  guint best = G_MAXUINT;
  guint64 most = 0;
  for (guint from = 0; from < run->n_stages; from++) {
    guint64 persons = 0;
    for (guint i = 0; i < n; i++)
      persons += run->workers[i].came[stage][from];
    if (persons > most) {
      most = persons;
      best = from;
    }
  }
  return best;
}

static void gather_stages(const Question *question, const Run *run, guint n, JourneyMap *map) {
  for (guint i = 0; i < n; i++) {
    map->persons += run->workers[i].persons;
    map->value += run->workers[i].value;
  }
  for (guint s = 0; s < run->n_stages; s++) {
    const Stage *stage = question->project->stages->pdata[s];
    guint64 count[MARKS] = {0};
    ScoreSum score = {0, 0, 0};
    for (guint i = 0; i < n; i++) {
      for (guint m = 0; m < MARKS; m++)
        count[m] += run->workers[i].stages[s].count[m];
      score_join(&score, &run->workers[i].stages[s].score);
    }
    MapStage row = {.name = g_strdup(stage->rule.name),
                    .label = g_strdup(rule_label(&stage->rule, map->language)),
                    .persons = count[MARK_PERSONS],
                    .share = map->persons ? (double)count[MARK_PERSONS] / (double)map->persons : NAN,
                    .onward = count[MARK_ONWARD],
                    .still = count[MARK_STILL],
                    .left = count[MARK_LEFT],
                    .entered = count[MARK_ENTERED],
                    .returned = count[MARK_RETURNED],
                    .returned_from = came_from(run, n, s),
                    .median_ms = NAN,
                    .score = score_of(&score)};
    g_array_append_val(map->stages, row);
  }
}

typedef struct {
  MapTouchpoint row;
  guint32 code;
} NamedTouchpoint;

static int touchpoint_compare(gconstpointer a, gconstpointer b) {
  const MapTouchpoint *x = &((const NamedTouchpoint *)a)->row, *y = &((const NamedTouchpoint *)b)->row;
  int family = map_family_compare(x->family, y->family);
  if (family)
    return family;
  if ((x->folded == NULL) != (y->folded == NULL))
    return x->folded ? 1 : -1;
  if (x->persons != y->persons)
    return x->persons > y->persons ? -1 : 1;
  return strcmp(x->name, y->name);
}

/* What the rule says, else most of its touches; of equally many the first in order. */
static const char *family_of(const Run *run, guint n, guint32 touchpoint) {
  const char *ruled = map_families_ruled(run->families, touchpoint);
  guint64 most = 0;
  guint best = 0;
  for (guint family = 0; !ruled && family < MAP_FAMILIES; family++) {
    guint64 touches = 0;
    for (guint i = 0; i < n; i++)
      touches += touchpoint < run->workers[i].n_families ? run->workers[i].families[touchpoint][family] : 0;
    best = touches > most ? family : best;
    most = MAX(most, touches);
  }
  return ruled ? ruled : map_family_name(best);
}

static MapTouchpoint name_row(const Run *run, guint n_workers, const char *language, guint32 code) {
  guint n = run->fold ? map_fold_codes(run->fold) : G_MAXUINT;
  MapTouchpoint row = {.code = code, .credit = NAN, .credit_low = NAN, .credit_high = NAN};
  if (code >= n) {
    const MapFoldGroup *group = map_fold_group(run->fold, code - n);
    row.name = g_strdup(group->name);
    row.label = g_strdup_printf(strcmp(language, "de") == 0 ? "+ %u weitere" : "+ %u more", g_strv_length(group->touchpoints));
    row.family = g_strdup(group->family);
    row.folded = g_strdupv(group->touchpoints);
    return row;
  }
  const Touchpoint *rule = derive_touchpoint_rule(run->derive, code);
  row.name = text_dup(derive_touchpoint_name(run->derive, code));
  row.label = g_strdup(rule ? rule_label(&rule->rule, language) : row.name);
  row.family = g_strdup(family_of(run, n_workers, code));
  return row;
}

/* Fills map->touchpoints; `place[code]` is where a touchpoint stands there, G_MAXUINT32 when nobody touched it. */
static void gather_touchpoints(const Run *run, guint n, JourneyMap *map, guint32 *place, guint n_codes) {
  g_autoptr(GArray) named = g_array_new(FALSE, TRUE, sizeof(NamedTouchpoint));
  for (guint32 code = 0; code < n_codes; code++) {
    guint64 persons = 0;
    place[code] = G_MAXUINT32;
    for (guint i = 0; i < n; i++)
      persons += code < run->workers[i].n_rows ? run->workers[i].touchpoints[code].count : 0;
    if (!persons)
      continue;
    NamedTouchpoint next = {name_row(run, n, map->language, code), code};
    next.row.persons = persons;
    g_array_append_val(named, next);
  }
  g_array_sort(named, touchpoint_compare);
  for (guint i = 0; i < named->len; i++) {
    g_array_append_val(map->touchpoints, g_array_index(named, NamedTouchpoint, i).row);
    place[g_array_index(named, NamedTouchpoint, i).code] = i;
  }
}

static int cell_compare(gconstpointer a, gconstpointer b) {
  const MapCell *x = a, *y = b;
  if (x->touchpoint != y->touchpoint)
    return x->touchpoint < y->touchpoint ? -1 : 1;
  return (x->stage > y->stage) - (x->stage < y->stage);
}

static void gather_cells(const Run *run, guint n, JourneyMap *map, const guint32 *place, guint n_codes) {
  for (guint32 code = 0; code < n_codes * run->n_stages; code++) {
    guint64 persons = 0, left = 0;
    gint64 value = 0;
    ScoreSum score = {0, 0, 0};
    for (guint i = 0; i < n; i++) {
      if (code / run->n_stages >= run->workers[i].n_rows)
        continue;
      const CellCount *cell = &run->workers[i].cells[code];
      persons += cell->persons.count;
      left += cell->left.count;
      value += cell->value;
      score_join(&score, &cell->score);
    }
    if (!persons)
      continue;
    guint stage = code % run->n_stages;
    guint64 of = g_array_index(map->stages, MapStage, stage).persons;
    MapCell row = {
        place[code / run->n_stages], stage, persons, left, of ? (double)persons / (double)of : NAN, value, NAN, score_of(&score)};
    g_array_append_val(map->cells, row);
  }
  g_array_sort(map->cells, cell_compare);
}

static guint cell_find(const JourneyMap *map, guint touchpoint, guint stage) {
  MapCell wanted = {.touchpoint = touchpoint, .stage = stage};
  guint low = 0, high = map->cells->len;
  while (low < high) {
    guint middle = (low + high) / 2;
    int order = cell_compare(&g_array_index(map->cells, MapCell, middle), &wanted);
    if (order == 0)
      return middle;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return G_MAXUINT;
}

static int move_compare(gconstpointer a, gconstpointer b) {
  const MapMove *x = a, *y = b;
  if (x->persons != y->persons)
    return x->persons > y->persons ? -1 : 1;
  if (x->from != y->from)
    return x->from < y->from ? -1 : 1;
  return (x->to > y->to) - (x->to < y->to);
}

static gboolean is_ahead(const JourneyMap *map, const MapMove *move) {
  return g_array_index(map->cells, MapCell, move->to).stage > g_array_index(map->cells, MapCell, move->from).stage;
}

static void gather_moves(const Run *run, const GArray *entries, JourneyMap *map, const guint32 *place) {
  guint64 ahead = 0, shown = 0;
  for (guint i = 0; i < entries->len;) {
    guint64 pair = g_array_index(entries, MapMoveEntry, i).pair;
    guint32 from = (guint32)(pair >> 32), to = (guint32)pair;
    MapMove move = {cell_find(map, place[from / run->n_stages], from % run->n_stages),
                    cell_find(map, place[to / run->n_stages], to % run->n_stages), 0, NAN};
    for (; i < entries->len && g_array_index(entries, MapMoveEntry, i).pair == pair; i++)
      move.persons += g_array_index(entries, MapMoveEntry, i).persons;
    ahead += is_ahead(map, &move) ? move.persons : 0;
    g_array_append_val(map->moves, move);
  }
  g_array_sort(map->moves, move_compare);
  g_array_set_size(map->moves, MIN(map->moves->len, (guint)MAP_MOVES_MAX));
  for (guint i = 0; i < map->moves->len; i++) {
    const MapMove *move = &g_array_index(map->moves, MapMove, i);
    shown += is_ahead(map, move) ? move->persons : 0;
  }
  map->moves_shown = ahead ? (double)shown / (double)ahead : NAN;
}

/* --- middle times -------------------------------------------------------------------------------- */

typedef struct {
  const Run *run;
  JourneyMap *map;
  const GArray *entries;  /* MapMoveEntry, in order of pairs */
  const Durations **bags; /* of each entry */
  guint n_workers;
} Medians;

/* Of what was counted of pairs from `first` up to before `end`: a move's are one pair, a cell's all that begin there. */
static double pairs_median(const Medians *medians, guint64 first, guint64 end) {
  guint bounds[2];
  for (guint b = 0; b < 2; b++) {
    guint low = 0, high = medians->entries->len;
    while (low < high) {
      guint middle = (low + high) / 2;
      if (g_array_index(medians->entries, MapMoveEntry, middle).pair < (b ? end : first))
        low = middle + 1;
      else
        high = middle;
    }
    bounds[b] = low;
  }
  return durations_median(medians->bags + bounds[0], bounds[1] - bounds[0]);
}

static double stage_median(const Medians *medians, guint stage) {
  g_autofree const Durations **bags = g_new(const Durations *, medians->n_workers);
  for (guint i = 0; i < medians->n_workers; i++)
    bags[i] = &medians->run->workers[i].stages[stage].times;
  return durations_median(bags, medians->n_workers);
}

static guint64 code_of(const Medians *medians, guint cell) {
  const MapCell *at = &g_array_index(medians->map->cells, MapCell, cell);
  return (guint64)g_array_index(medians->map->touchpoints, MapTouchpoint, at->touchpoint).code * medians->run->n_stages + at->stage;
}

/* Tasks are the stages, then the cells, then the moves. */
static gboolean find_median(guint task, guint worker, gpointer user, GError **error) {
  const Medians *medians = user;
  JourneyMap *map = medians->map;
  guint cell = task - map->stages->len, next = cell - map->cells->len;
  if (task < map->stages->len) {
    g_array_index(map->stages, MapStage, task).median_ms = stage_median(medians, task);
  } else if (cell < map->cells->len) {
    guint64 code = code_of(medians, cell);
    g_array_index(map->cells, MapCell, cell).median_ms = pairs_median(medians, code << 32, (code + 1) << 32);
  } else {
    MapMove *move = &g_array_index(map->moves, MapMove, next);
    guint64 pair = code_of(medians, move->from) << 32 | code_of(medians, move->to);
    move->median_ms = pairs_median(medians, pair, pair + 1);
  }
  return TRUE;
}

static gboolean find_medians(const Run *run, guint n, JourneyMap *map, const GArray *entries, GError **error) {
  g_autofree const Durations **bags = g_new(const Durations *, entries->len + 1);
  for (guint i = 0; i < entries->len; i++)
    bags[i] = g_array_index(entries, MapMoveEntry, i).times;
  Medians medians = {run, map, entries, bags, n};
  return parallel_run(n, map->stages->len + map->cells->len + map->moves->len, find_median, &medians, error);
}

static int id_compare(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

static char *filters_text(const Params *params) {
  const char *where = params_get(params, "where"), *among = params_get(params, "among");
  return where && among ? g_strdup_printf("%s; %s", where, among) : g_strdup(where ? where : among);
}

static gboolean gather_counts(const Question *question, const Run *run, guint n, JourneyMap *map, GError **error) {
  g_autofree guint32 *place = g_new(guint32, map->n_codes + 1);
  g_autofree MapMoves **moves = g_new(MapMoves *, n);
  for (guint i = 0; i < n; i++) {
    moves[i] = run->workers[i].moves;
    map_moves_settle(moves[i]);
    if (moves[i]->failed)
      return no_memory(error);
  }
  g_autoptr(GArray) entries = map_moves_entries(moves, n);
  gather_stages(question, run, n, map);
  gather_touchpoints(run, n, map, place, map->n_codes);
  gather_cells(run, n, map, place, map->n_codes);
  gather_moves(run, entries, map, place);
  return find_medians(run, n, map, entries, error);
}

static JourneyMap *gather(const Question *question, const Params *params, const Run *run, guint n, GError **error) {
  JourneyMap *map = map_new();
  const char *language = params_get(params, "language");
  map->language = g_strdup(language ? language : question->project->language);
  map->currency = g_strdup(question->project->currency);
  map->n_codes = rows_of(run);
  map->project = g_strdup(question->project->name);
  map->zone = zone_copy(question->zone);
  map->from_ms = question->from_ms;
  map->to_ms = question->to_ms;
  map->filters = filters_text(params);
  if (!gather_counts(question, run, n, map, error)) {
    journey_map_free(map);
    return NULL;
  }
  for (guint i = 0; i < n && run->workers[0].who; i++) {
    if (!map->who)
      map->who = g_array_new(FALSE, FALSE, sizeof(guint64));
    if (run->workers[i].who->len)
      g_array_append_vals(map->who, run->workers[i].who->data, run->workers[i].who->len);
  }
  if (map->who)
    g_array_sort(map->who, id_compare);
  return map;
}

/* --who stage:decision,touchpoint:Cart (either or both). */
static gboolean who_param(const Question *question, const Params *params, Run *run, GError **error) {
  const char *who = params_get(params, "who");
  run->who_stage = -1;
  if (!who)
    return TRUE;
  g_auto(GStrv) parts = g_strsplit(who, ",", 2);
  for (guint i = 0; parts[i]; i++) {
    if (g_str_has_prefix(parts[i], "stage:"))
      run->who_stage = project_stage(question->project, parts[i] + 6);
    else if (g_str_has_prefix(parts[i], "touchpoint:"))
      run->who_touchpoint = g_strdup(parts[i] + 11);
    if ((g_str_has_prefix(parts[i], "stage:") && run->who_stage < 0) ||
        (!g_str_has_prefix(parts[i], "stage:") && !g_str_has_prefix(parts[i], "touchpoint:")))
      return error_set(
          error, ERROR_INVALID,
          "--who \"%s\" names no stage of the project and no touchpoint\nhint: for example --who stage:decision,touchpoint:Cart",
          who);
  }
  return TRUE;
}

/* One walk over all blocks. Without `fold` every touchpoint is a row. `who` is listed only when asked for. */
static JourneyMap *walk(const Question *question, const Params *params, Run *run, const MapFold *fold, gboolean who,
                        GError **error) {
  guint n = question_threads(question);
  JourneyMap *map = NULL;
  run->workers = g_new0(Worker, n);
  run->fold = fold;
  for (guint i = 0; i < n; i++)
    worker_init(&run->workers[i], question->budget_bytes / n, who);
  if (question_each_block(question, map_block, run, error))
    map = gather(question, params, run, n, error);
  for (guint i = 0; i < n; i++)
    worker_clear(&run->workers[i]);
  g_clear_pointer(&run->workers, g_free);
  return map;
}

static gboolean who_known(const Run *run, const JourneyMap *map, GError **error) {
  const char *wanted = run->who_touchpoint;
  for (guint code = 0; wanted && code < derive_touchpoints(run->derive); code++)
    if (text_is(derive_touchpoint_name(run->derive, code), wanted))
      wanted = NULL;
  for (guint t = 0; wanted && t < map->touchpoints->len; t++)
    if (strcmp(g_array_index(map->touchpoints, MapTouchpoint, t).name, wanted) == 0)
      wanted = NULL;
  return !wanted ||
         error_set(error, ERROR_NOT_FOUND,
                   "no touchpoint is named \"%s\"\nhint: --who takes names as `etappe map --format json` lists them", wanted);
}

static JourneyMap *walk_and_fold(const Question *question, const Params *params, Run *run, GError **error) {
  gboolean fold_asked = g_strcmp0(params_get(params, "rows"), "auto") == 0, who = params_get(params, "who") != NULL;
  JourneyMap *map = walk(question, params, run, NULL, who, error);
  if (!map)
    return NULL;
  map_story_find(map);
  if (!fold_asked || map->touchpoints->len <= MAP_ROWS_UNFOLDED)
    return map;
  g_autoptr(MapFold) fold = map_fold_new(map, MAP_ROWS_FOLDED);
  JourneyMap *folded = walk(question, params, run, fold, who, error);
  if (folded)
    map_story_copy(map, folded);
  journey_map_free(map);
  return folded;
}

void map_picture_params(Params *params) {
  if (!params_get(params, "rows"))
    params_add(params, "rows", "auto");
}

static char *lead_of(const Question *question, const JourneyMap *map) {
  g_autoptr(Finding) finding = finding_new();
  map_story_finding(map, question->project, map->language, finding);
  return finding_sentence(finding, language_of(map->language));
}

JourneyMap *journey_map_run(const Question *question, const Params *params, GError **error) {
  Run run = {.n_stages = MIN(question->project->stages->len, (guint)STAGES_MAX)};
  JourneyMap *map = NULL;
  if (who_param(question, params, &run, error) && (run.derive = derive_new(question, error)) &&
      (run.families = map_families_new(question, error)) && (run.scope = scope_new(question, error)) &&
      (run.experience = experience_new(question, error)))
    map = walk_and_fold(question, params, &run, error);
  if (map && !who_known(&run, map, error))
    g_clear_pointer(&map, journey_map_free);
  if (map)
    map->lead = lead_of(question, map);
  g_free(run.who_touchpoint);
  map_families_free(run.families);
  derive_free(run.derive);
  scope_free(run.scope);
  experience_free(run.experience);
  if (map && !map_credit(question, params, map, error))
    g_clear_pointer(&map, journey_map_free);
  return map;
}
