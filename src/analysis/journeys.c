// SPDX-License-Identifier: Apache-2.0
// Journeys that begin in range, by how they ended. Lengths are touches before the tail, durations from the first to the
// last of them. Conversions are those that stand in these journeys. With --where a journey counts that holds a matching event.
//
//   ann: ad@1 order@3 delivery@5   bob: ad@2 (31 days pass)   cleo: call at service@4
//   converted 1 (length 2, duration 2, tail 1), abandoned 1 (length 1), service 1
#include "analysis/journeys.h"
#include "analysis/bits.h"
#include "analysis/derive.h"
#include "analysis/durations.h"
#include "analysis/goal_sum.h"
#include "analysis/scope.h"
#include "base/error.h"
#include <math.h>
#include <string.h>

enum { STATES = 4, LENGTHS_MAX = 20 };
static const char *const state_names[STATES] = {"open", "converted", "abandoned", "service"};
static const JourneyState shown[STATES] = {JOURNEY_CONVERTED, JOURNEY_ABANDONED, JOURNEY_OPEN, JOURNEY_SERVICE};

typedef struct {
  guint64 journeys, persons, again, touches, tail, conflicting;
  gint64 value, net_value;
  guint64 lengths[LENGTHS_MAX + 1]; /* by touches; the last one holds longer ones */
} StateSum;

typedef struct {
  StateSum states[STATES];
  double median_ms[STATES], median_touches[STATES];
  guint64 total, persons;
  GPtrArray *goal_names;
  GArray *goals; /* of GoalSum */
  char *asked;   /* --who as given, or NULL */
  GArray *who;   /* person ids, or NULL */
} Journeys;

enum { WHO_NOBODY = -1, WHO_ANY = -2, LENGTH_ANY = -1 };
typedef struct { /* what --who asks: the journeys of one figure */
  int state, length;
  gboolean again;
} Who;

typedef struct {
  DeriveScratch *derive;
  StateSum states[STATES];
  guint64 total, persons;
  Durations durations[STATES], touches[STATES];
  GoalSum *goals;
  GByteArray *counts; /* by journey of the block: 1 where it counts */
  GArray *who;
} Worker;

typedef struct {
  Derive *derive;
  Scope *scope;
  Worker *workers;
  Who who;
} Run;

static guint length_of(const Journey *journey) {
  return MIN(journey->n_touches, (guint32)LENGTHS_MAX);
}

static gboolean is_wanted(const Who *who, const Journey *journey) {
  return (who->state == WHO_ANY || (int)journey->state == who->state) &&
         (who->length == LENGTH_ANY || (int)length_of(journey) == who->length) && (!who->again || journey->again);
}

static gboolean holds_kept(const ScopeBlock *scope, const Block *data, const Derived *derived, guint32 index) {
  const Journey *journey = &derived->journeys[index];
  guint32 end = data->person_start[journey->person + 1];
  if (!scope->kept)
    return TRUE;
  for (guint32 i = bits_next(scope->kept, journey->first_event, end); i < end; i = bits_next(scope->kept, i + 1, end))
    if (derived->event_journey[i] == index + 1)
      return TRUE;
  return FALSE;
}

static void count_journey(Worker *worker, const Derived *derived, const Journey *journey, guint *seen) {
  StateSum *sum = &worker->states[journey->state];
  sum->journeys++;
  sum->touches += journey->n_touches;
  sum->tail += journey->n_tail;
  sum->again += journey->again ? 1 : 0;
  sum->persons += !(*seen >> journey->state & 1);
  sum->lengths[length_of(journey)]++;
  if (journey->conversion != G_MAXUINT32) {
    sum->value += derived->conversions[journey->conversion].value;
    sum->net_value += derived->conversions[journey->conversion].net_value;
    sum->conflicting += derived->conversions[journey->conversion].conflicting;
  }
  durations_add(&worker->durations[journey->state], journey->end_ms - journey->start_ms);
  durations_add(&worker->touches[journey->state], journey->n_touches);
  *seen |= 1u << journey->state;
}

static void count_goals(Worker *worker, const Derived *derived) {
  for (guint32 c = 0; c < derived->person_conversions[derived->n_persons]; c++) {
    const Conversion *conversion = &derived->conversions[c];
    if (conversion->journey != G_MAXUINT32 && worker->counts->data[conversion->journey])
      goal_sum_count(&worker->goals[conversion->goal], conversion);
  }
}

static gboolean count_block(const Question *question, guint block, const Block *data, guint number, gpointer user, GError **error) {
  Run *run = user;
  Worker *worker = &run->workers[number];
  ScopeBlock scope;
  Derived derived;
  if (data->unidentified)
    return TRUE;
  if (!worker->derive)
    worker->derive = derive_scratch_new(run->derive);
  if (!scope_block(run->scope, block, data, number, &scope, error))
    return FALSE;
  if (scope.nothing)
    return TRUE;
  if (!derive_block(run->derive, worker->derive, block, data, &derived, error))
    return FALSE;
  g_byte_array_set_size(worker->counts, derived.person_journeys[data->n_persons]);
  for (guint32 p = 0; p < data->n_persons; p++) {
    guint seen = 0;
    gboolean wanted = FALSE;
    for (guint32 j = derived.person_journeys[p]; j < derived.person_journeys[p + 1]; j++) {
      const Journey *journey = &derived.journeys[j];
      gboolean visible = !scope.visible || bit_at(scope.visible, journey->first_event);
      worker->counts->data[j] = visible && journey->start_ms >= question->from_ms && journey->start_ms < question->to_ms &&
                                holds_kept(&scope, data, &derived, j);
      if (worker->counts->data[j]) {
        count_journey(worker, &derived, journey, &seen);
        wanted |= is_wanted(&run->who, journey);
      }
    }
    worker->persons += seen != 0;
    if (wanted)
      g_array_append_val(worker->who, data->person_id[p]);
  }
  count_goals(worker, &derived);
  return TRUE;
}

static void sum_add(StateSum *to, const StateSum *from) {
  to->journeys += from->journeys;
  to->persons += from->persons;
  to->again += from->again;
  to->touches += from->touches;
  to->tail += from->tail;
  to->value += from->value;
  to->net_value += from->net_value;
  to->conflicting += from->conflicting;
  for (guint i = 0; i <= LENGTHS_MAX; i++)
    to->lengths[i] += from->lengths[i];
}

static int id_compare(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

static void gather_goals(const Run *run, guint n, const Project *project, Journeys *journeys) {
  journeys->goal_names = goal_sum_names(project);
  journeys->goals = g_array_new(FALSE, TRUE, sizeof(GoalSum));
  g_array_set_size(journeys->goals, journeys->goal_names->len);
  for (guint i = 0; i < n; i++)
    for (guint j = 0; j < journeys->goals->len; j++)
      goal_sum_join(&g_array_index(journeys->goals, GoalSum, j), &run->workers[i].goals[j]);
}

static Journeys *gather(Run *run, const char *who, guint n, const Project *project) {
  Journeys *journeys = g_new0(Journeys, 1);
  gather_goals(run, n, project, journeys);
  g_autofree const Durations **bags = g_new(const Durations *, n);
  journeys->asked = g_strdup(who);
  journeys->who = who ? g_array_new(FALSE, FALSE, sizeof(guint64)) : NULL;
  for (guint i = 0; i < n; i++) {
    journeys->persons += run->workers[i].persons;
    for (guint s = 0; s < STATES; s++)
      sum_add(&journeys->states[s], &run->workers[i].states[s]);
    if (journeys->who && run->workers[i].who->len)
      g_array_append_vals(journeys->who, run->workers[i].who->data, run->workers[i].who->len);
  }
  for (guint s = 0; s < STATES; s++) {
    journeys->total += journeys->states[s].journeys;
    for (guint i = 0; i < n; i++)
      bags[i] = &run->workers[i].durations[s];
    journeys->median_ms[s] = durations_median(bags, n);
    for (guint i = 0; i < n; i++)
      bags[i] = &run->workers[i].touches[s];
    journeys->median_touches[s] = durations_median(bags, n);
  }
  if (journeys->who)
    g_array_sort(journeys->who, id_compare);
  return journeys;
}

/* "abandoned", "converted:again", "converted:3" (touches; 20 are 20 or more). */
static gboolean who_param(const char *text, Who *who, GError **error) {
  *who = (Who){WHO_NOBODY, LENGTH_ANY, FALSE};
  if (!text)
    return TRUE;
  g_auto(GStrv) parts = g_strsplit(text, ":", 2);
  guint64 length;
  for (int s = 0; s < STATES; s++)
    if (parts[0] && strcmp(parts[0], state_names[s]) == 0)
      who->state = s;
  if (g_strcmp0(parts[0], "any") == 0)
    who->state = WHO_ANY;
  const char *rest = who->state == WHO_NOBODY ? "?" : parts[1];
  who->again = g_strcmp0(rest, "again") == 0;
  if (rest && !who->again) {
    if (!g_ascii_string_to_unsigned(rest, 10, 0, LENGTHS_MAX, &length, NULL))
      return error_set(error, ERROR_USAGE,
                       "--who %s names no journeys\nhint: converted, abandoned, open, service or any, and after it :again (who had "
                       "converted before) or :N touches (%d are %d or more), as in converted:3",
                       text, LENGTHS_MAX, LENGTHS_MAX);
    who->length = (int)length;
  }
  return TRUE;
}

static gpointer journeys_run(const Question *question, const Params *params, GError **error) {
  guint n = question_threads(question);
  const char *who = params_get(params, "who");
  Run run = {0};
  Journeys *journeys = NULL;
  if (!who_param(who, &run.who, error))
    return NULL;
  run.workers = g_new0(Worker, n);
  for (guint i = 0; i < n; i++) {
    run.workers[i].who = g_array_new(FALSE, FALSE, sizeof(guint64));
    run.workers[i].goals = g_new0(GoalSum, question->project->goals->len + 1);
    run.workers[i].counts = g_byte_array_new();
  }
  if ((run.derive = derive_new(question, error)) && (run.scope = scope_new(question, error))) {
    derive_without_touchpoints(run.derive);
    journeys = question_each_block(question, count_block, &run, error) ? gather(&run, who, n, question->project) : NULL;
  }
  for (guint i = 0; i < n; i++) {
    derive_scratch_free(run.workers[i].derive);
    g_array_unref(run.workers[i].who);
    g_byte_array_unref(run.workers[i].counts);
    g_free(run.workers[i].goals);
    for (guint s = 0; s < STATES; s++) {
      durations_clear(&run.workers[i].durations[s]);
      durations_clear(&run.workers[i].touches[s]);
    }
  }
  g_free(run.workers);
  derive_free(run.derive);
  scope_free(run.scope);
  return journeys;
}

static void journeys_free(gpointer result) {
  Journeys *journeys = result;
  g_clear_pointer(&journeys->who, g_array_unref);
  g_ptr_array_unref(journeys->goal_names);
  g_array_unref(journeys->goals);
  g_free(journeys->asked);
  g_free(journeys);
}

static double part(guint64 some, guint64 all) {
  return all ? (double)some / (double)all : NAN;
}

static void journeys_json(gconstpointer result, JsonOut *out) {
  const Journeys *journeys = result;
  json_kv_int(out, "total", (gint64)journeys->total);
  json_kv_int(out, "persons", (gint64)journeys->persons);
  json_key(out, "states");
  json_array(out);
  for (guint i = 0; i < STATES; i++) {
    const StateSum *sum = &journeys->states[shown[i]];
    json_object(out);
    json_kv_string(out, "state", state_names[shown[i]]);
    json_kv_int(out, "journeys", (gint64)sum->journeys);
    json_kv_int(out, "persons", (gint64)sum->persons);
    json_kv_double(out, "share", part(sum->journeys, journeys->total));
    json_kv_int(out, "again", (gint64)sum->again);
    json_kv_double(out, "mean_touches", part(sum->touches, sum->journeys));
    json_kv_double(out, "median_touches", journeys->median_touches[shown[i]]);
    json_kv_double(out, "median_ms", journeys->median_ms[shown[i]]);
    json_kv_int(out, "tail", (gint64)sum->tail);
    json_kv_micro(out, "value", sum->value);
    json_kv_micro(out, "net_value", sum->net_value);
    json_kv_int(out, "conflicting", (gint64)sum->conflicting);
    json_key(out, "lengths");
    json_array(out);
    for (guint l = 0; l <= LENGTHS_MAX; l++)
      json_int(out, (gint64)sum->lengths[l]);
    json_array_end(out);
    json_object_end(out);
  }
  json_array_end(out);
  goal_sums_write(journeys->goal_names, journeys->goals, out);
  if (!journeys->who)
    return;
  json_key(out, "persons_listed");
  json_array(out);
  for (guint i = 0; i < journeys->who->len; i++) {
    g_autofree char *id = g_strdup_printf("%016" G_GINT64_MODIFIER "x", g_array_index(journeys->who, guint64, i));
    json_string(out, id);
  }
  json_array_end(out);
}

static void journeys_table(gconstpointer result, Table *table) {
  const Journeys *journeys = result;
  table_title(table, "Journeys: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " persons", journeys->total, journeys->persons);
  table_column(table, "state", CELL_TEXT);
  table_column(table, "journeys", CELL_INT);
  table_column(table, "share", CELL_SHARE);
  table_column(table, "", CELL_BAR);
  table_column(table, "persons", CELL_INT);
  table_column(table, "touches", CELL_NUMBER);
  table_column(table, "duration", CELL_DURATION);
  table_column(table, "tail", CELL_INT);
  table_column(table, "value", CELL_MONEY);
  table_column(table, "net value", CELL_MONEY);
  for (guint i = 0; i < STATES; i++) {
    const StateSum *sum = &journeys->states[shown[i]];
    double share = part(sum->journeys, journeys->total);
    table_text(table, state_names[shown[i]]);
    table_int(table, (gint64)sum->journeys);
    table_number(table, share);
    table_number(table, share);
    table_int(table, (gint64)sum->persons);
    table_number(table, journeys->median_touches[shown[i]]);
    table_number(table, journeys->median_ms[shown[i]]);
    table_int(table, (gint64)sum->tail);
    table_number(table, (double)sum->value / 1e6);
    table_number(table, (double)sum->net_value / 1e6);
  }
  if (journeys->states[JOURNEY_CONVERTED].conflicting)
    table_note(table, "%" G_GUINT64_FORMAT " converted journeys are conflicting: another person has the same order id.",
               journeys->states[JOURNEY_CONVERTED].conflicting);
  table_note(table,
             "Touches and duration are medians. Open journeys may still convert; service journeys have no purchase we know of.");
  if (journeys->goals->len && !table_is_csv(table)) {
    goal_sums_table(journeys->goal_names, journeys->goals, table);
    table_note(table,
               "Conversions that stand in these journeys. The return rate is what came back of all that was sold; it may still "
               "rise while conversions are provisional.");
  }
  if (!journeys->who)
    return;
  table_title(table, "Persons of %s", journeys->asked);
  table_ids(table, journeys->who);
}

static void journeys_finding(gconstpointer result, const Project *project, const char *language, Finding *out) {
  const Journeys *journeys = result;
  guint64 converted = journeys->states[JOURNEY_CONVERTED].journeys,
          ended = converted + journeys->states[JOURNEY_ABANDONED].journeys;
  finding_set(out, journeys->total == 0 ? "journeys.empty" : ended == 0 ? "journeys.open" : "journeys.converted");
  finding_count(out, "journeys", journeys->total);
  finding_count(out, "ended", ended);
  finding_count(out, "converted", converted);
  finding_share(out, "share", part(converted, ended));
}

static const GArray *journeys_who(gconstpointer result) {
  return ((const Journeys *)result)->who;
}

static const Param params[] = {
    {"who", PARAM_TEXT,
     .help =
         "list the persons of a figure: converted, abandoned, open, service or any; after it :again (who had converted before) or "
         ":N touches, as in converted:3"},
    {NULL},
};

const Report journeys_report = {"journeys",
                                "How journeys end, how long they take and how many touches.",
                                "--from 2025-01-01 --who abandoned",
                                params,
                                journeys_run,
                                journeys_json,
                                journeys_table,
                                journeys_free,
                                journeys_finding,
                                TRUE,
                                journeys_who};
