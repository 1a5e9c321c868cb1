// SPDX-License-Identifier: Apache-2.0
#include "analysis/coverage.h"
#include "analysis/bits.h"
#include "analysis/field.h"
#include "analysis/scope.h"
#include <string.h>

typedef struct {
  Coverage sum;
  guint64 *bits;
  guint words;
} Worker;

typedef struct {
  Scope *scope;
  Field *channel;
  Field *consent;
  guint32 unassigned; /* entry of the channel */
  Worker *workers;
} Run;

/* Bits of touches with a known channel within `counted` (NULL: all). */
static guint64 count_attributable(const Run *run, const Block *data, const Codes *channel, const guint64 *counted, Worker *worker) {
  guint words = bits_words(data->n_events);
  guint64 n = 0;
  if (!data->touch)
    return 0;
  guint64 touches = counted ? bits_count_and(data->touch, counted, words) : bits_count(data->touch, words);
  guint32 without[] = {NAME_NONE, run->unassigned};
  for (guint i = 0; i < (run->unassigned ? 2 : 1); i++) {
    bits_code(channel, data->n_events, without[i], worker->bits);
    if (counted)
      bits_and(worker->bits, counted, words);
    n += bits_count_and(worker->bits, data->touch, words);
  }
  return touches - n;
}

/* Who did not agree names nobody, so only events of nobody are looked at. */
static gboolean count_without_consent(const Run *run, guint block, const Block *data, const guint64 *counted, Worker *worker,
                                      guint64 *n, GError **error) {
  g_auto(FieldBlock) consent = {0};
  *n = 0;
  if (!data->unidentified)
    return TRUE;
  if (!field_block(run->consent, block, data, &consent, error))
    return FALSE;
  for (guint32 entry = 1; entry < consent.n_entries; entry++) {
    if (field_entry(run->consent, &consent, entry).kind != VALUE_FALSE)
      continue;
    bits_code(&consent.codes, data->n_events, entry, worker->bits);
    guint words = bits_words(data->n_events);
    *n += counted ? bits_count_and(worker->bits, counted, words) : bits_count(worker->bits, words);
  }
  return TRUE;
}

static gboolean measure_block(const Question *question, guint block, const Block *data, guint number, gpointer user,
                              GError **error) {
  Run *run = user;
  Worker *worker = &run->workers[number];
  ScopeBlock scope;
  g_auto(FieldBlock) channel = {0};
  if (!scope_block(run->scope, block, data, number, &scope, error))
    return FALSE;
  if (scope.nothing)
    return TRUE;
  if (!field_block(run->channel, block, data, &channel, error))
    return FALSE;
  guint words = bits_words(data->n_events);
  if (worker->words < words + 1) {
    worker->words = words + 1;
    worker->bits = g_renew(guint64, worker->bits, worker->words * 2);
  }
  const guint64 *counted = scope.kept ? scope.kept : scope.in_range;
  if (scope.kept && scope.in_range) {
    scope_both(worker->bits + worker->words, scope.kept, scope.in_range, data->n_events);
    counted = worker->bits + worker->words;
  }
  guint64 events = counted ? bits_count(counted, words) : data->n_events;
  worker->sum.events += events;
  worker->sum.identified += data->unidentified ? 0 : events;
  guint64 without;
  if (!count_without_consent(run, block, data, counted, worker, &without, error))
    return FALSE;
  worker->sum.consented += events - without;
  worker->sum.attributable += count_attributable(run, data, &channel.codes, counted, worker);
  return TRUE;
}

/* The entry of `unassigned`; 0, as missing, when there is none. */
static guint32 unassigned_entry(const Field *channel) {
  guint32 entry = field_shared_count(channel) - 1;
  while (entry > 0 && !text_is(field_shared_entry(channel, entry).text, "unassigned"))
    entry--;
  return entry;
}

gboolean coverage_measure(const Question *question, Coverage *coverage, GError **error) {
  g_autoptr(Scope) scope = scope_new(question, error);
  g_autoptr(Field) channel = scope ? field_new(question, "channel", error) : NULL;
  g_autoptr(Field) consent = channel ? field_new(question, "consent.measure", error) : NULL;
  if (!consent)
    return FALSE;
  guint threads = question_threads(question);
  g_autofree Worker *workers = g_new0(Worker, threads);
  Run run = {scope, channel, consent, unassigned_entry(channel), workers};
  gboolean done = question_each_block(question, measure_block, &run, error);
  Coverage sum = {0};
  for (guint i = 0; i < threads; i++) {
    sum.events += workers[i].sum.events;
    sum.identified += workers[i].sum.identified;
    sum.consented += workers[i].sum.consented;
    sum.attributable += workers[i].sum.attributable;
    g_free(workers[i].bits);
  }
  if (done)
    *coverage = sum;
  return done;
}

static double share(guint64 part, guint64 whole) {
  return whole ? (double)part / (double)whole : 0.0 / 0.0;
}

void coverage_write(const Coverage *coverage, JsonOut *out) {
  json_object(out);
  json_kv_double(out, "identified", share(coverage->identified, coverage->events));
  json_kv_double(out, "consented", share(coverage->consented, coverage->events));
  json_kv_double(out, "attributable", share(coverage->attributable, coverage->events));
  json_object_end(out);
}

char *coverage_text(const Coverage *coverage) {
  if (coverage->events == 0)
    return g_strdup("No event lies in range.");
  return g_strdup_printf("Of the events in range %.1f%% are identified, %.1f%% attributable.",
                         100 * share(coverage->identified, coverage->events),
                         100 * share(coverage->attributable, coverage->events));
}

char *coverage_definitions(const Question *question) {
  const char *zone = zone_name(question->zone);
  gboolean own = strcmp(zone, question->project->timezone) != 0; /* of a record without a project file */
  return g_strdup_printf("%016" G_GINT64_MODIFIER "x", question->project->hash ^ (own ? checksum64(zone, strlen(zone)) : 0));
}
