// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes: a batch that reads to its end, or an error. The sums are put right first, so that the
// search gets past them.
#include "record/batch.h"

#include "base/hash.h"
#include "record/batch_format.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void correct_sections(guint8 *blob, gsize size, guint n) {
  for (guint i = 0; i < n; i++) {
    guint8 *at = blob + sizeof(BatchHeader) + i * sizeof(BatchSection);
    BatchSection section;
    memcpy(&section, at, sizeof section);
    if ((guint64)section.offset + section.size <= size)
      section.check = (guint32)checksum64(blob + section.offset, section.size);
    memcpy(at, &section, sizeof section);
  }
}

static void correct_sums(guint8 *blob, gsize size) {
  BatchHeader header;
  if (size < sizeof header)
    return;
  memcpy(&header, blob, sizeof header);
  if (header.n_sections > (size - sizeof header) / sizeof(BatchSection))
    return;
  correct_sections(blob, size, header.n_sections);
  header.size = (guint32)size;
  header.checksum = 0;
  memcpy(blob, &header, sizeof header);
  header.checksum = checksum64(blob, sizeof header + header.n_sections * sizeof(BatchSection));
  memcpy(blob, &header, sizeof header);
}

static void touch(guint event, ValueKind kind, Text text, gpointer user) {
  *(guint64 *)user += event + (guint)kind + (text.size ? (guint8)text.at[text.size - 1] : 0);
}

static gboolean read_events(Batch *batch, const Names *names, guint n, GError **error) {
  g_autofree Event *event = g_new0(Event, 1);
  for (guint i = 0; i < n; i++) {
    guint64 content;
    gboolean stored;
    if (!batch_event(batch, i, names, event, error) || !batch_content(batch, i, &content, &stored, error))
      return FALSE;
    g_assert(event->n_properties <= EVENT_PROPERTIES_MAX && event->n_identifiers <= EVENT_IDENTIFIERS_MAX);
  }
  return TRUE;
}

static gboolean read_all(Batch *batch, const guint8 *blob, gsize size, GError **error) {
  g_autoptr(Names) names = names_new();
  const BatchFacts *facts;
  const guint16 *keys;
  const guint32 *counts;
  guint64 sum = 0;
  if (!batch_open(batch, blob, size, error) || (facts = batch_facts(batch, error)) == NULL)
    return FALSE;
  guint n = facts->n, n_keys = batch_keys(batch, &keys, &counts);
  for (guint i = 0; i < n_keys; i++)
    if (!batch_property(batch, keys[i], touch, &sum, error))
      return FALSE;
  return read_events(batch, names, n, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const HashKey key = {"0123456789abcde"};
  g_autoptr(Spaces) spaces = spaces_new();
  g_autoptr(Batch) batch = batch_new(spaces, &key);
  g_autoptr(GError) error = NULL;
  g_autofree guint8 *blob = g_memdup2(data, size);
  correct_sums(blob, size);
  gboolean good = read_all(batch, blob, size, &error);
  g_assert(good == (error == NULL));
  return 0;
}
