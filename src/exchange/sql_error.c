// SPDX-License-Identifier: Apache-2.0
//   Binder Error: Referenced column "chanel" not found in FROM clause!     what
//   Candidate bindings: "channel"                                          hint
//
//   LINE 1: SELECT chanel FROM events                                      where: line and the caret's column
//                  ^
#include "exchange/sql_error.h"
#include "base/error.h"
#include <stdlib.h>
#include <string.h>

/* After "Binder Error: " and the like. */
static const char *skip_kind(const char *message) {
  const char *colon = strstr(message, "Error: ");
  const char *line = strchr(message, '\n');
  return colon && (!line || colon < line) ? colon + strlen("Error: ") : message;
}

static const char *own_hint(const char *message) {
  if (strstr(message, "extension"))
    return "extensions cannot be added; json, parquet and icu are built in";
  if (strstr(message, "file system operations are disabled") || strstr(message, "Cannot access"))
    return "only files whose whole path stands in the statement as 'text' are read or written";
  if (strstr(message, "configuration has been locked"))
    return "settings stand fast in `etappe sql`; --threads and --now are options";
  if (strstr(message, "Out of Memory"))
    return "aggregate earlier, or ask for fewer columns or persons";
  if (strstr(message, "multiple statements"))
    return "give each statement as an argument of its own: etappe sql 'CREATE TABLE ...' 'SELECT ...'";
  if (strstr(message, "Conversion Error"))
    return "TRY_CAST gives NULL for what cannot be read";
  if (strstr(message, "Catalog Error") || strstr(message, "Binder Error") || strstr(message, "Parser Error"))
    return "`etappe sql --schema` lists tables and columns";
  return NULL;
}

/* "line 1, column 8" from the excerpt; NULL when it shows none. */
static char *place_of(const char *excerpt, guint lines_before) {
  guint64 line = g_ascii_strtoull(excerpt + strlen("LINE "), NULL, 10);
  const char *text = strstr(excerpt, ": "), *below = strchr(excerpt, '\n');
  const char *caret = below ? strchr(below, '^') : NULL;
  if (!text || !caret || line <= lines_before || g_str_has_prefix(text + 2, "..."))
    return NULL;
  gssize column = (caret - below) - (text + 2 - excerpt);
  return column > 0 ? g_strdup_printf("line %" G_GUINT64_FORMAT ", column %d", line - lines_before, (int)column) : NULL;
}

/* Everything on one line, without the exclamation. */
static char *one_line(const char *text, gsize size) {
  char *line = g_strndup(text, size);
  g_strdelimit(g_strstrip(line), "\r\n\t", ' ');
  if (g_str_has_suffix(line, "!"))
    line[strlen(line) - 1] = '\0';
  return line;
}

gboolean sql_error_set(GError **error, const char *message, guint lines_before) {
  const char *what = skip_kind(message), *excerpt = strstr(what, "LINE ");
  gsize size = excerpt ? (gsize)(excerpt - what) : strlen(what), first = strcspn(what, "\n");
  g_autofree char *sentence = one_line(what, MIN(first, size));
  g_autofree char *more = first < size ? one_line(what + first, size - first) : g_strdup("");
  g_autofree char *place = excerpt ? place_of(excerpt, lines_before) : NULL;
  const char *hint = *more ? more : own_hint(message);
  return error_set(error, strstr(message, "Out of Memory") ? ERROR_LIMIT : ERROR_INVALID, "SQL%s%s: %s%s%s", place ? ", " : "",
                   place ? place : "", sentence, hint ? "\nhint: " : "", hint ? hint : "");
}
