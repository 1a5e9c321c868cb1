/* SPDX-License-Identifier: Apache-2.0
 * sample.h: a small record in a temporary folder, filled event by event, and its index: for unit tests of what
 * reads snapshots. Failures end the test. */
#pragma once
#include "base/clock.h"
#include "base/file.h"
#include "base/json_in.h"
#include "journey/index.h"
#include "record/consent.h"

typedef struct {
  char *folder, *path;
  Record *record;
  BatchWriter *writer;
  Index *index; /* made by sample_snapshot */
  JsonIn *json;
  Event event; /* the one being filled */
  char user[IDENTIFIER_SIZE_MAX];
} Sample;

static inline Sample *sample_new(void) {
  g_autoptr(GError) error = NULL;
  Sample *sample = g_new0(Sample, 1);
  sample->folder = g_dir_make_tmp("etappe-sample-XXXXXX", &error);
  g_assert_no_error(error);
  sample->path = g_build_filename(sample->folder, "sample.db", NULL);
  sample->record = record_open(sample->path, RECORD_CREATE, &error);
  g_assert_no_error(error);
  sample->writer = batch_writer_new(record_spaces(sample->record), record_names(sample->record));
  sample->json = json_in_new(1 << 20);
  return sample;
}

static inline void sample_free(Sample *sample) {
  index_free(sample->index);
  batch_writer_free(sample->writer);
  record_free(sample->record);
  json_in_free(sample->json);
  g_assert_true(file_remove_folder(sample->folder, NULL));
  g_free(sample->folder);
  g_free(sample->path);
  g_free(sample);
}

/* An empty customer's touch of a person (NULL: of nobody), to be filled and handed to sample_add. Texts are borrowed. */
static inline Event *sample_event(Sample *sample, const char *person, gint64 time_ms, const char *name) {
  const char *why = NULL;
  Event *event = &sample->event;
  event_clear(event);
  event->time_ms = time_ms;
  event->name = text_of(name);
  event->touch = TRUE;
  event->grade = GRADE_VISIT;
  if (person) {
    g_assert_true(identifier_make(&event->identifiers[0], record_spaces(sample->record), record_key(sample->record), SPACE_USER,
                                  text_of(person), sample->user, &why));
    event->n_identifiers = 1;
  }
  return event;
}

static inline void sample_property(Sample *sample, const char *key, ValueKind kind, Text text) {
  sample->event.properties[sample->event.n_properties++] = (Property){text_of(key), kind, text};
}

/* Makes what was added durable. */
static inline void sample_flush(Sample *sample) {
  g_autoptr(GError) error = NULL;
  if (batch_writer_count(sample->writer))
    record_append(sample->record, 0, sample->writer, &error);
  g_assert_no_error(error);
}

static inline void sample_add(Sample *sample, const char *source) {
  batch_writer_add(sample->writer, &sample->event, names_intern(record_names(sample->record), NAME_SOURCE, text_of(source)), 0);
  if (batch_writer_count(sample->writer) == BATCH_EVENTS_MAX)
    sample_flush(sample);
}

/* The index brought up to date; caller unrefs. */
static inline Snapshot *sample_snapshot(Sample *sample) {
  g_autoptr(GError) error = NULL;
  sample_flush(sample);
  if (sample->index)
    index_update(sample->index, &error);
  else
    sample->index = index_open(sample->record, NULL, &error);
  g_assert_no_error(error);
  return index_snapshot(sample->index);
}

static inline ValueKind sample_json_value(JsonValue value, GString *keep, Text *text) {
  char number[JSON_NUMBER_SIZE];
  gsize at = keep->len;
  JsonKind kind = json_in_kind(value);
  if (kind == JSON_ARRAY || kind == JSON_OBJECT)
    json_in_minify(value, keep);
  else {
    Text scalar = kind == JSON_NUMBER ? json_in_number(value, number) : json_in_string(value);
    g_string_append_len(keep, scalar.at, scalar.size);
  }
  *text = (Text){keep->str + at, (guint32)(keep->len - at)};
  return kind == JSON_STRING   ? VALUE_TEXT
         : kind == JSON_NUMBER ? VALUE_NUMBER
         : kind == JSON_TRUE   ? VALUE_TRUE
         : kind == JSON_FALSE  ? VALUE_FALSE
         : kind == JSON_NULL   ? VALUE_NONE
                               : VALUE_JSON;
}

/* What the event being filled says of consents, as a door would tell it. */
static inline void sample_consents(Sample *sample) {
  static const char prefix[] = "consent.";
  const Event *event = &sample->event;
  for (guint i = 0; i < event->n_properties; i++) {
    const Property *property = &event->properties[i];
    g_autofree char *key = text_dup(property->key);
    g_autoptr(GError) error = NULL;
    if (!g_str_has_prefix(key, prefix) || !event->n_identifiers)
      continue;
    Consent consent = {.identifier = event->identifiers[0].hash.low,
                       .purpose = key + sizeof prefix - 1,
                       .granted = property->kind == VALUE_TRUE,
                       .at_ms = event->time_ms};
    record_consents_add(sample->record, &consent, 1, &error);
    g_assert_no_error(error);
  }
}

/* {"person", "time", "event", "channel", "touchpoint", "value", "properties": {...}}; other members are stored fields
 * of that name, but for "n". */
static inline void sample_json(Sample *sample, const char *line) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) keep = g_string_sized_new(1 << 16); /* never grows, so that texts into it stay */
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
  JsonValue root, value;
  JsonIter members, properties;
  Text key, text;
  const char *why;
  json_in_parse(sample->json, line, strlen(line), FALSE, &root, &error);
  g_assert_no_error(error);
  g_assert_true(json_in_get(root, "person", &value));
  g_autofree char *person = text_dup(json_in_string(value));
  Event *event = sample_event(sample, *person ? person : NULL, 0, NULL);
  for (json_in_walk(&members, root); json_in_next(&members, &key, &value);) {
    ValueKind kind = sample_json_value(value, keep, &text);
    if (text_is(key, "time"))
      g_assert_true(clock_parse(text, NULL, &event->time_ms, &why));
    else if (text_is(key, "event"))
      event->name = text;
    else if (text_is(key, "channel"))
      event->channel = text;
    else if (text_is(key, "touchpoint"))
      event->touchpoint = text;
    else if (text_is(key, "value")) {
      double amount = 0;
      event->has_value = json_in_double(value, &amount);
      g_assert_true(event->has_value);
      event->value_micro = (gint64)(amount * 1e6 + (amount < 0 ? -0.5 : 0.5));
    } else if (text_is(key, "properties")) {
      for (json_in_walk(&properties, value); json_in_next(&properties, &key, &value);) {
        char *full = g_strdup_printf("properties.%.*s", (int)key.size, key.at);
        g_ptr_array_add(keys, full);
        kind = sample_json_value(value, keep, &text);
        sample_property(sample, full, kind, text);
      }
    } else if (!text_is(key, "n") && !text_is(key, "person")) {
      g_ptr_array_add(keys, text_dup(key));
      sample_property(sample, g_ptr_array_index(keys, keys->len - 1), kind, text);
    }
  }
  g_assert_cmpuint(keep->len, <, 1 << 16);
  sample_consents(sample);
  sample_add(sample, "test");
}
