// SPDX-License-Identifier: Apache-2.0
#include "analysis/funnel_who.h"
#include "analysis/bits.h"
#include "analysis/funnel_next.h"
#include "analysis/scope.h"
#include "base/error.h"
#include <string.h>

typedef enum { WHO_REACHED, WHO_DROPPED, WHO_ONWARD } Kind;
static const char *const kinds[] = {"reached", "dropped", "onward"};
static const char *const verbs[] = {"reached", "stopped after", "went on from"};

struct FunnelWho {
  Kind kind;
  guint step;
  char *rest; /* as given behind the step; "" when none */
  gboolean has_condition, without;
  EventFilter condition;
  FunnelNext *next;
  char *touchpoint;
};

void funnel_who_free(FunnelWho *who) {
  if (!who)
    return;
  event_filter_clear(&who->condition);
  funnel_next_free(who->next);
  g_free(who->touchpoint);
  g_free(who->rest);
  g_free(who);
}

guint funnel_who_step(const FunnelWho *who) {
  return who->step;
}

static gboolean refuse(const char *text, guint n_steps, GError **error) {
  return error_set(
      error, ERROR_USAGE,
      "--who must be reached:K with a step from 1 to %u, or dropped:K or onward:K with one before the last, then perhaps "
      ",with:CONDITION or ,without:CONDITION or ,next:TOUCHPOINT, not \"%s\"",
      n_steps, text);
}

static gboolean parse_rest(FunnelWho *who, const Question *question, GError **error) {
  const char *rest = who->rest;
  if (g_str_has_prefix(rest, ",next:")) {
    who->touchpoint = g_strdup(rest + strlen(",next:"));
    return (who->next = funnel_next_new(question, error)) != NULL;
  }
  who->without = g_str_has_prefix(rest, ",without:");
  who->has_condition = TRUE;
  return event_filter_init(&who->condition, question, "--who", strchr(rest, ':') + 1, error);
}

FunnelWho *funnel_who_new(const Question *question, const char *text, guint n_steps, GError **error) {
  g_autoptr(FunnelWho) who = g_new0(FunnelWho, 1);
  const char *colon = strchr(text, ':');
  char *end = NULL;
  guint64 step = colon && g_ascii_isdigit(colon[1]) ? g_ascii_strtoull(colon + 1, &end, 10) : 0;
  gboolean known = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(kinds) && !known; i++) {
    who->kind = (Kind)i;
    known = colon && strlen(kinds[i]) == (gsize)(colon - text) && g_str_has_prefix(text, kinds[i]);
  }
  guint last = n_steps - (who->kind != WHO_REACHED); /* nobody drops or goes on behind the last step */
  if (!known || step < 1 || step > last) {
    refuse(text, n_steps, error);
    return NULL;
  }
  if (*end && !g_str_has_prefix(end, ",with:") && !g_str_has_prefix(end, ",without:") && !g_str_has_prefix(end, ",next:")) {
    refuse(text, n_steps, error);
    return NULL;
  }
  who->step = (guint)step;
  who->rest = g_strdup(end);
  if (*end && !parse_rest(who, question, error))
    return NULL;
  return g_steal_pointer(&who);
}

static gboolean match_condition(FunnelWho *who, const FunnelCases *cases, guint8 *keep, GError **error) {
  g_autofree guint64 *bits = g_try_new(guint64, bits_words(cases->data->n_events) + 1);
  if (!bits)
    return error_set(error, ERROR_LIMIT, "no memory for a block of %u events", cases->data->n_events);
  if (!event_filter_block(&who->condition, cases->block, cases->data, cases->kept, bits, error))
    return FALSE;
  for (guint i = 0; i < cases->n; i++) {
    gboolean found = FALSE;
    for (guint k = 0; k < cases->n_steps && !found; k++)
      found = bit_at(bits, funnel_case_events(cases, i)[k]);
    keep[i] = (guint8)(found != who->without);
  }
  return TRUE;
}

gboolean funnel_who_block(FunnelWho *who, const FunnelCases *cases, guint worker, GArray *persons, GError **error) {
  if (cases->n == 0)
    return TRUE;
  g_autofree guint8 *keep = g_malloc(cases->n);
  memset(keep, 1, cases->n);
  if (who->next && !funnel_next_match(who->next, cases, worker, who->touchpoint, keep, error))
    return FALSE;
  if (who->has_condition && !match_condition(who, cases, keep, error))
    return FALSE;
  for (guint i = 0; i < cases->n; i++) {
    const FunnelCase *one = &cases->cases[i];
    if (keep[i] && (who->kind == WHO_REACHED || one->dropped == (who->kind == WHO_DROPPED)))
      g_array_append_val(persons, cases->data->person_id[one->person]);
  }
  return TRUE;
}

char *funnel_who_title(const FunnelWho *who) {
  return g_strdup_printf("Persons who %s step %u%s%s", verbs[who->kind], who->step, *who->rest ? ", " : "",
                         *who->rest ? who->rest + 1 : "");
}
