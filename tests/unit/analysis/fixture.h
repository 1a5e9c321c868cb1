/* SPDX-License-Identifier: Apache-2.0
 * A small record with its index in a folder that goes away, and reports asked of it as the doors ask. */
#pragma once
#include "analysis/workspace.h"
#include "base/error.h"
#include "base/file.h"
#include <glib/gstdio.h>

typedef struct {
  const char *user, *anonymous; /* identifiers; none: unidentified */
  gint64 at_s;                  /* after 2025-01-01T00:00Z */
  const char *event, *channel;  /* channel NULL: unassigned */
  const char *source;           /* NULL: file */
  gboolean web, company, no_touch, excluded;
  const char *key, *value; /* one property, "properties.plan" */
  const char *order;
} Row;

typedef struct {
  char *folder, *path;
  Record *record;
  BatchWriter *writer;
  guint64 import;
  ImportInfo totals;
  Index *index;
  Project *project;
  Zone *zone;
} Fixture;

#define FIXTURE_BEGIN_MS G_GINT64_CONSTANT(1735689600000)

static inline Fixture *fixture_new(void) {
  Fixture *fixture = g_new0(Fixture, 1);
  GError *error = NULL;
  fixture->folder = g_dir_make_tmp("etappe-test-XXXXXX", NULL);
  fixture->path = g_build_filename(fixture->folder, "t.db", NULL);
  fixture->record = record_open(fixture->path, RECORD_CREATE, &error);
  g_assert_no_error(error);
  fixture->writer = batch_writer_new(record_spaces(fixture->record), record_names(fixture->record));
  record_import_begin(fixture->record, "file", "test", "", &fixture->import, &error);
  g_assert_no_error(error);
  fixture->project = project_default();
  fixture->zone = zone_new("UTC", NULL);
  return fixture;
}

static inline void fixture_identifier(Fixture *fixture, Event *event, guint8 space, const char *value, char *scratch) {
  const char *why = NULL;
  if (value && !identifier_make(&event->identifiers[event->n_identifiers++], record_spaces(fixture->record),
                                record_key(fixture->record), space, text_of(value), scratch, &why))
    g_error("%s: %s", value, why);
}

static inline void fixture_flush(Fixture *fixture) {
  GError *error = NULL;
  if (batch_writer_count(fixture->writer))
    record_append(fixture->record, fixture->import, fixture->writer, &error);
  g_assert_no_error(error);
}

static inline void fixture_add(Fixture *fixture, Row row) {
  static Event event;
  char user[IDENTIFIER_SIZE_MAX], anonymous[IDENTIFIER_SIZE_MAX];
  event_clear(&event);
  event.time_ms = FIXTURE_BEGIN_MS + row.at_s * 1000;
  event.name = text_of(row.event);
  event.channel = text_of(row.channel ? row.channel : "unassigned");
  event.initiator = row.company ? INITIATOR_COMPANY : INITIATOR_CUSTOMER;
  event.touch = !row.no_touch;
  event.grade = row.no_touch ? GRADE_NONE : GRADE_VISIT;
  event.web = row.web;
  event.n_identifiers = 0;
  event.n_properties = 0;
  fixture_identifier(fixture, &event, SPACE_USER, row.user, user);
  fixture_identifier(fixture, &event, SPACE_ANONYMOUS, row.anonymous, anonymous);
  if (row.key)
    event.properties[event.n_properties++] = (Property){text_of(row.key), VALUE_TEXT, text_of(row.value)};
  if (row.order)
    event.properties[event.n_properties++] = (Property){text_of("order"), VALUE_TEXT, text_of(row.order)};
  guint16 source = names_intern(record_names(fixture->record), NAME_SOURCE, text_of(row.source ? row.source : "file"));
  batch_writer_add(fixture->writer, &event, source, 0);
  fixture->totals.stored++;
  if (batch_writer_count(fixture->writer) == BATCH_EVENTS_MAX)
    fixture_flush(fixture);
}

static inline void fixture_ready(Fixture *fixture) {
  GError *error = NULL;
  fixture_flush(fixture);
  fixture->totals.id = fixture->import;
  fixture->totals.read = fixture->totals.stored;
  record_import_finish(fixture->record, &fixture->totals, &error);
  g_assert_no_error(error);
  fixture->index = index_open(fixture->record, &(IndexOptions){0}, &error);
  g_assert_no_error(error);
}

static inline void fixture_free(Fixture *fixture) {
  index_free(fixture->index);
  batch_writer_free(fixture->writer);
  record_free(fixture->record);
  project_free(fixture->project);
  zone_free(fixture->zone);
  file_remove_folder(fixture->folder, NULL);
  g_free(fixture->folder);
  g_free(fixture->path);
  g_free(fixture);
}

/* "step:=a&step:=b&window:=7d": a report's JSON, or NULL with an error. from, to, now are seconds as in rows. */
static inline char *fixture_try(Fixture *fixture, const char *report, const char *options, GError **error) {
  g_autoptr(Params) params = params_new();
  g_auto(GStrv) list = g_strsplit(options, "&", -1);
  for (guint i = 0; list[i] && *list[i]; i++) {
    g_auto(GStrv) pair = g_strsplit(list[i], ":=", 2);
    params_add(params, pair[0], pair[1]);
  }
  Question question = {.snapshot = index_snapshot(fixture->index),
                       .from_ms = G_MININT64,
                       .to_ms = G_MAXINT64,
                       .now_ms = G_MAXINT64,
                       .zone = fixture->zone,
                       .project = fixture->project};
  question.now_ms = snapshot_last_time_ms(question.snapshot);
  const char *where = params_get(params, "where"), *among = params_get(params, "among"), *threads = params_get(params, "threads");
  question.where = where ? condition_parse(where, error) : NULL;
  question.among = among ? condition_parse(among, error) : NULL;
  question.threads = threads ? (guint)g_ascii_strtoll(threads, NULL, 10) : 2;
  gint64 *instants[] = {&question.from_ms, &question.to_ms, &question.now_ms};
  const char *names[] = {"from", "to", "now"};
  for (guint i = 0; i < 3; i++)
    if (params_get(params, names[i]))
      *instants[i] = FIXTURE_BEGIN_MS + g_ascii_strtoll(params_get(params, names[i]), NULL, 10) * 1000;
  const char *format = params_get(params, "format");
  char *text = report_answer(catalogue_find(report), &question, params, format ? format : "json", &(TableStyle){0}, error);
  workspace_question_clear(&question);
  return text;
}

/* The answer from its key `from_key` on, without the envelope. */
static inline char *fixture_ask(Fixture *fixture, const char *report, const char *options, const char *from_key) {
  GError *error = NULL;
  char *text = fixture_try(fixture, report, options, &error);
  g_assert_no_error(error);
  g_autofree char *key = g_strdup_printf("\"%s\":", from_key);
  char *finding = strstr(text, "\"finding\":{"), *body = finding ? strstr(finding, "}},") : NULL;
  char *begin = strstr(text, key);
  if (body && begin > finding && begin < body) /* a value of the finding of the same name */
    begin = strstr(body, key);
  g_assert_nonnull(begin);
  char *rest = g_strdup(begin);
  g_free(text);
  return rest;
}
