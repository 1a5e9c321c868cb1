// SPDX-License-Identifier: Apache-2.0
#include "exchange/sniff.h"

#include "base/error.h"
#include "exchange/byte_in.h"
#include "exchange/text_in.h"

#include <string.h>

enum { HEAD_SIZE = 64 << 10, LINES_LOOKED_AT = 10 };

typedef struct {
  const char *mark;
  gsize size;
  const char *what, *advice;
} Foreign;

static const Foreign foreign[] = {
    {"PK\3\4", 4, "an Excel workbook or a zip archive", "save the sheet as CSV, or unpack it first"},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, "an old Excel workbook", "save the sheet as CSV"},
    {"BZh", 3, "packed with bzip2", "unpack it first, or pack it with gzip or zstd"},
    {"\xfd"
     "7zXZ",
     5, "packed with xz", "unpack it first, or pack it with gzip or zstd"},
    {"7z\xbc\xaf\x27\x1c", 6, "a 7-Zip archive", "unpack it first"},
    {"SQLite format 3", 16, "a SQLite database", "export the table as CSV"},
    {"%PDF", 4, "a PDF document", "export the data as CSV"},
};

static gboolean refuse_foreign(const char *head, gsize size, const char *label, GError **error) {
  for (guint i = 0; i < G_N_ELEMENTS(foreign); i++)
    if (size >= foreign[i].size && memcmp(head, foreign[i].mark, foreign[i].size) == 0)
      return error_set(error, ERROR_INVALID, "%s is %s\nhint: %s", label, foreign[i].what, foreign[i].advice), TRUE;
  return FALSE;
}

/* Text has no zeros and next to no control characters. */
static gboolean is_binary(const char *head, gsize size) {
  gsize control = 0;
  for (gsize i = 0; i < size; i++) {
    if (head[i] == 0)
      return TRUE;
    control += (guint8)head[i] < 0x20 && !strchr("\t\n\r\f\v", head[i]);
  }
  return control * 50 > size;
}

/* Most of the first lines are whole objects, by their first and last byte. */
static gboolean has_object_lines(const char *head, gsize size) {
  guint lines = 0, objects = 0;
  const char *at = head, *end = head + size;
  while (at < end && lines < LINES_LOOKED_AT) {
    const char *newline = memchr(at, '\n', (gsize)(end - at));
    const char *stop = newline ? newline : end;
    const char *next = newline ? newline + 1 : end;
    while (at < stop && g_ascii_isspace(*at))
      at++;
    while (stop > at && g_ascii_isspace(stop[-1]))
      stop--;
    gboolean cut = !newline && size == HEAD_SIZE;
    lines += stop > at;
    objects += stop > at && *at == '{' && (stop[-1] == '}' || cut);
    at = next;
  }
  return objects * 2 >= lines;
}

static gboolean judge_text(const char *head, gsize size, const char *label, FileKind *kind, GError **error) {
  gsize start = 0;
  while (start < size && g_ascii_isspace(head[start]))
    start++;
  if (start == size)
    return error_set(error, ERROR_INVALID, "%s holds nothing but blank lines", label);
  if (is_binary(head, size))
    return error_set(error, ERROR_INVALID,
                     "%s is no text: it looks like a binary file\nhint: import reads CSV, JSON lines and Parquet", label);
  *kind = head[start] == '['                             ? FILE_JSON
          : head[start] != '{'                           ? FILE_CSV
          : has_object_lines(head + start, size - start) ? FILE_JSON_LINES
                                                         : FILE_JSON;
  return TRUE;
}

static gboolean read_head(TextIn *text, char *head, gsize *size, GError **error) {
  for (*size = 0; *size + 64 <= HEAD_SIZE;) {
    gsize n = 0;
    if (!text_in_read(text, head + *size, HEAD_SIZE - *size, &n, error))
      return FALSE;
    if (n == 0)
      break;
    *size += n;
  }
  return TRUE;
}

static gboolean judge_parquet(const ByteIn *bytes, const char *label, FileKind *kind, GError **error) {
  if (byte_in_packing(bytes) != PACK_NONE)
    return error_set(error, ERROR_INVALID, "%s is a packed Parquet file\nhint: unpack it first; Parquet packs its columns itself",
                     label);
  *kind = FILE_PARQUET;
  return TRUE;
}

gboolean sniff_file(const char *path, const char *label, const char *encoding, FileKind *kind, GError **error) {
  g_autoptr(ByteIn) bytes = byte_in_open(path, label, error);
  g_autofree char *head = g_malloc(HEAD_SIZE);
  gsize size;
  if (!bytes || !byte_in_read(bytes, head, 64, &size, error))
    return FALSE;
  if (size == 0)
    return error_set(error, ERROR_INVALID, "%s is empty", label);
  if (size >= 4 && memcmp(head, "PAR1", 4) == 0)
    return judge_parquet(bytes, label, kind, error);
  if (refuse_foreign(head, size, label, error))
    return FALSE;
  if (g_str_has_suffix(label, ".parquet"))
    return error_set(error, ERROR_INVALID, "%s is no Parquet file, whatever its name says", label);
  g_autoptr(TextIn) text = text_in_open(path, label, encoding, error);
  return text && read_head(text, head, &size, error) && judge_text(head, size, label, kind, error);
}
