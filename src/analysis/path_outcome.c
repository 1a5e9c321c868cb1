// SPDX-License-Identifier: Apache-2.0
//   ann: ad page order        bob: ad page, 31 days ago        cleo: ad, today
//   converted                 left                             open
#include "analysis/path_outcome.h"
#include "base/error.h"
#include <string.h>

static const char *const names[N_OUTCOMES] = {"left", "converted", "open"};

const char *outcome_name(Outcome outcome) {
  return names[outcome];
}

/* --- what became of them ----------------------------------------------------------------------------- */

struct PathOutcomes {
  const Project *project;
  Derive *derive;
  UnitKind unit;
  gint64 now_ms, inactivity_ms;
  gboolean anchored, any_goal;
  guint n_workers;
  DeriveScratch **scratch;
  Derived *derived;
};

static gboolean a_goal_closes(const Project *project) {
  for (guint g = 0; g < project->goals->len; g++)
    if (((const Goal *)project->goals->pdata[g])->closes)
      return TRUE;
  return FALSE;
}

/* As journeys have it: the longest of the goals, else the project's. */
static gint64 inactivity(const Project *project) {
  gint64 longest_ms = 0;
  for (guint g = 0; g < project->goals->len; g++)
    longest_ms = MAX(longest_ms, ((const Goal *)project->goals->pdata[g])->inactivity_ms);
  return longest_ms ? longest_ms : project->inactivity_ms;
}

gboolean path_outcomes_new(const Question *question, const Params *params, const Units *units, PathOutcomes **out, GError **error) {
  *out = NULL;
  if (!params_flag(params, "outcomes"))
    return TRUE;
  if (units_kind(units) == UNIT_VISITS)
    return error_set(error, ERROR_USAGE,
                     "--outcomes tells what became of persons or journeys\nhint: --unit persons or --unit journeys");
  PathOutcomes *outcomes = g_new0(PathOutcomes, 1);
  outcomes->project = question->project;
  outcomes->unit = units_kind(units);
  outcomes->now_ms = question->now_ms;
  outcomes->inactivity_ms = inactivity(question->project);
  outcomes->anchored = params_get(params, "after") != NULL;
  outcomes->any_goal = !a_goal_closes(question->project);
  outcomes->n_workers = question_threads(question);
  outcomes->scratch = g_new0(DeriveScratch *, outcomes->n_workers);
  outcomes->derived = g_new0(Derived, outcomes->n_workers);
  if (!(outcomes->derive = derive_new(question, error))) {
    path_outcomes_free(outcomes);
    return FALSE;
  }
  derive_without_touchpoints(outcomes->derive);
  *out = outcomes;
  return TRUE;
}

void path_outcomes_free(PathOutcomes *outcomes) {
  if (!outcomes)
    return;
  for (guint i = 0; i < outcomes->n_workers; i++)
    derive_scratch_free(outcomes->scratch[i]);
  derive_free(outcomes->derive);
  g_free(outcomes->scratch);
  g_free(outcomes->derived);
  g_free(outcomes);
}

gboolean path_outcomes_block(PathOutcomes *outcomes, guint worker, guint block, const Block *data, GError **error) {
  if (!outcomes || data->unidentified)
    return TRUE;
  if (!outcomes->scratch[worker])
    outcomes->scratch[worker] = derive_scratch_new(outcomes->derive);
  return derive_block(outcomes->derive, outcomes->scratch[worker], block, data, &outcomes->derived[worker], error);
}

static Outcome of_state(guint8 state) {
  return state == JOURNEY_CONVERTED ? OUTCOME_CONVERTED : state == JOURNEY_OPEN ? OUTCOME_OPEN : OUTCOME_LEFT;
}

Outcome path_outcome(const PathOutcomes *outcomes, guint worker, const Path *path) {
  const Derived *derived = &outcomes->derived[worker];
  guint32 first = path->events[0], person = path->person;
  if (outcomes->unit == UNIT_JOURNEYS && derived->event_journey[first])
    return of_state(derived->journeys[derived->event_journey[first] - 1].state);
  for (guint32 c = derived->person_conversions[person]; c < derived->person_conversions[person + 1]; c++) {
    const Conversion *conversion = &derived->conversions[c];
    const Goal *goal = outcomes->project->goals->pdata[conversion->goal];
    if ((goal->closes || outcomes->any_goal) && conversion->event >= first + (outcomes->anchored ? 1 : 0))
      return OUTCOME_CONVERTED;
  }
  for (guint32 j = derived->person_journeys[person]; j < derived->person_journeys[person + 1]; j++)
    if (derived->journeys[j].state == JOURNEY_OPEN || outcomes->now_ms - derived->journeys[j].active_ms <= outcomes->inactivity_ms)
      return OUTCOME_OPEN;
  return OUTCOME_LEFT;
}

/* --- whose path it is --------------------------------------------------------------------------------- */

typedef struct {
  guint64 place; /* 1..; 0: of the others */
  guint64 ends;  /* the path has so many touches; 0: of the others */
  char *key;
  int outcome;
} Want;

struct PathWho {
  GArray *wants;
};

static gboolean read_want(const char *text, gboolean has_outcomes, Want *want) {
  const char *rest = strchr(text, ':');
  g_autofree char *head = rest ? g_strndup(text, (gsize)(rest - text)) : NULL;
  if (!rest || !rest[1])
    return FALSE;
  if (strcmp(head, "ends") == 0)
    return g_ascii_string_to_unsigned(rest + 1, 10, 1, G_MAXUINT32, &want->ends, NULL);
  for (int o = 0; strcmp(head, "outcome") == 0 && has_outcomes && o < N_OUTCOMES; o++)
    if (strcmp(rest + 1, names[o]) == 0) {
      want->outcome = o;
      return TRUE;
    }
  if (!g_ascii_string_to_unsigned(head, 10, 1, G_MAXUINT32, &want->place, NULL))
    return FALSE;
  want->key = g_strdup(rest + 1);
  return TRUE;
}

static void want_clear(gpointer want) {
  g_free(((Want *)want)->key);
}

gboolean path_who_new(const Params *params, gboolean has_outcomes, PathWho **out, GError **error) {
  const GPtrArray *texts = params_all(params, "who");
  *out = NULL;
  if (texts->len == 0)
    return TRUE;
  PathWho *who = g_new0(PathWho, 1);
  who->wants = g_array_new(FALSE, TRUE, sizeof(Want));
  g_array_set_clear_func(who->wants, want_clear);
  for (guint i = 0; i < texts->len; i++) {
    Want want = {.outcome = -1};
    if (!read_want(texts->pdata[i], has_outcomes, &want)) {
      path_who_free(who);
      return error_set(
          error, ERROR_USAGE,
          "--who %s names no path\nhint: N:KEY (the N-th touch from the anchor), ends:N (a path of N touches) or, with "
          "--outcomes, outcome:converted, outcome:open, outcome:left; several narrow each other",
          (const char *)texts->pdata[i]);
    }
    g_array_append_val(who->wants, want);
  }
  *out = who;
  return TRUE;
}

void path_who_free(PathWho *who) {
  if (!who)
    return;
  g_array_unref(who->wants);
  g_free(who);
}

gboolean path_who_holds(const PathWho *who, Key *key, const guint32 *codes, guint32 n, gboolean backwards, Outcome outcome) {
  for (guint i = 0; i < who->wants->len; i++) {
    const Want *want = &g_array_index(who->wants, Want, i);
    if (want->ends && want->ends != n)
      return FALSE;
    if (want->outcome >= 0 && want->outcome != (int)outcome)
      return FALSE;
    if (!want->key)
      continue;
    if (want->place > n)
      return FALSE;
    Text text = key_text(key, codes[backwards ? n - want->place : want->place - 1]);
    if (text.size != strlen(want->key) || memcmp(text.at, want->key, text.size) != 0)
      return FALSE;
  }
  return TRUE;
}
