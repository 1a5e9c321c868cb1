/* SPDX-License-Identifier: Apache-2.0
 * sniff.h: what kind of file this is, by its content. */
#pragma once
#include <glib.h>

typedef enum {
  FILE_CSV,
  FILE_JSON_LINES, /* an object a line */
  FILE_JSON,       /* a list of objects, or objects over several lines */
  FILE_PARQUET
} FileKind;

/* ERROR_INVALID with one clear sentence for what holds no rows: empty, blank, a workbook, an archive, a
 * picture, ...; ERROR_USAGE for an unknown encoding (see text_in.h). */
gboolean sniff_file(const char *path, const char *label, const char *encoding, FileKind *kind, GError **error);
