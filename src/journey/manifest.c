/* SPDX-License-Identifier: Apache-2.0
 * manifest.c:
 *
 *     etappe index 2
 *     record 8f3a...
 *     generation 5c01...
 *     through 120034
 *     identity 1f07...          the settings that decide who is who
 *     segment 77ab....seg       one line a level
 *     sum 90d2...               xxh3 of all lines before */
#include "journey/manifest.h"

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include <string.h>

enum { MANIFEST_VERSION = 2, SEGMENTS_MAX = 1000, SIZE_MAX_BYTES = 1 << 20 };
#define MANIFEST_HEAD "etappe index "

Manifest *manifest_new(void) {
  Manifest *manifest = g_new0(Manifest, 1);
  manifest->segments = g_ptr_array_new_with_free_func(g_free);
  return manifest;
}

void manifest_free(Manifest *manifest) {
  if (manifest == NULL)
    return;
  g_ptr_array_unref(manifest->segments);
  g_free(manifest);
}

gboolean manifest_names(const Manifest *manifest, const char *segment) {
  return g_ptr_array_find_with_equal_func(manifest->segments, segment, g_str_equal, NULL);
}

static char *manifest_path(const char *folder) {
  return g_build_filename(folder, "MANIFEST", NULL);
}

static char *sum_line(const char *text) {
  return g_strdup_printf("sum %016" G_GINT64_MODIFIER "x\n", checksum64(text, strlen(text)));
}

gboolean manifest_write(const char *folder, const Manifest *manifest, GError **error) {
  g_autoptr(GString) text = g_string_new(NULL);
  g_string_printf(text, MANIFEST_HEAD "%d\n", MANIFEST_VERSION);
  g_string_append_printf(text, "record %016" G_GINT64_MODIFIER "x\n", manifest->record_id);
  g_string_append_printf(text, "generation %016" G_GINT64_MODIFIER "x\n", manifest->generation);
  g_string_append_printf(text, "through %" G_GUINT64_FORMAT "\n", manifest->through);
  g_string_append_printf(text, "identity %016" G_GINT64_MODIFIER "x\n", manifest->identity);
  for (guint i = 0; i < manifest->segments->len; i++)
    g_string_append_printf(text, "segment %s\n", (const char *)manifest->segments->pdata[i]);
  g_autofree char *sum = sum_line(text->str);
  g_string_append(text, sum);
  g_autofree char *path = manifest_path(folder);
  return file_replace(path, text->str, text->len, error);
}

static gboolean damaged(GError **error) {
  return error_set(error, ERROR_DAMAGED, "the manifest of the index does not match its checksum");
}

/* Cuts off the last line, which must be the checksum of the others. */
static gboolean check_sum(char *text, GError **error) {
  char *sum = g_strrstr(text, "\nsum ");
  if (sum == NULL)
    return damaged(error);
  g_autofree char *told = g_strdup(sum + 1);
  sum[1] = '\0';
  g_autofree char *right = sum_line(text);
  return g_str_equal(told, right) || damaged(error);
}

/* A segment's name is ours: letters, digits and one dot, so that no line can lead out of the folder. */
static gboolean good_name(const char *name) {
  return *name && strspn(name, "0123456789abcdefsg.") == strlen(name) && g_str_has_suffix(name, ".seg") && *name != '.';
}

static gboolean take_line(Manifest *manifest, const char *line) {
  const char *space = strchr(line, ' ');
  if (space == NULL)
    return FALSE;
  if (g_str_has_prefix(line, "record "))
    manifest->record_id = g_ascii_strtoull(space, NULL, 16);
  else if (g_str_has_prefix(line, "through "))
    manifest->through = g_ascii_strtoull(space, NULL, 10);
  else if (g_str_has_prefix(line, "identity "))
    manifest->identity = g_ascii_strtoull(space, NULL, 16);
  else if (g_str_has_prefix(line, "generation "))
    manifest->generation = g_ascii_strtoull(space, NULL, 16);
  else if (g_str_has_prefix(line, "segment ") && good_name(space + 1) && manifest->segments->len < SEGMENTS_MAX)
    g_ptr_array_add(manifest->segments, g_strdup(space + 1));
  else
    return FALSE;
  return TRUE;
}

static char *read_text(const char *folder, GError **error) {
  g_autofree char *path = manifest_path(folder);
  FileMap map;
  if (!file_map(&map, path, error))
    return NULL;
  char *text = map.size < SIZE_MAX_BYTES ? g_strndup((const char *)map.data, map.size) : NULL;
  file_unmap(&map);
  if (text == NULL)
    damaged(error);
  return text;
}

Manifest *manifest_read(const char *folder, GError **error) {
  g_autofree char *text = read_text(folder, error);
  if (text == NULL)
    return NULL;
  if (g_str_has_prefix(text, MANIFEST_HEAD) && g_ascii_strtoull(text + strlen(MANIFEST_HEAD), NULL, 10) != MANIFEST_VERSION) {
    error_set(error, ERROR_VERSION, "the index was written by another version");
    return NULL;
  }
  if (!check_sum(text, error))
    return NULL;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  g_autoptr(Manifest) manifest = manifest_new();
  for (char **line = lines + 1; *lines && *line && **line; line++)
    if (!take_line(manifest, *line)) {
      damaged(error);
      return NULL;
    }
  return g_steal_pointer(&manifest);
}
