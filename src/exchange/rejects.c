// SPDX-License-Identifier: Apache-2.0
#include "exchange/rejects.h"

#include "base/file.h"

enum { CONTENT_SIZE_MAX = 64 << 10 }; /* of a row that is shown; a 10 MB cell helps nobody */

struct Rejects {
  FileOut *out;
  GString *line;
};

Rejects *rejects_new(const char *path, GError **error) {
  static const char header[] = "file,row,line,reason,content\r\n";
  g_autoptr(Rejects) rejects = g_new0(Rejects, 1);
  rejects->line = g_string_new(NULL);
  rejects->out = file_out_new(path, error);
  if (!rejects->out || !file_out_write(rejects->out, header, sizeof header - 1, error))
    return NULL;
  return g_steal_pointer(&rejects);
}

void rejects_free(Rejects *rejects) {
  if (!rejects)
    return;
  file_out_free(rejects->out);
  g_string_free(rejects->line, TRUE);
  g_free(rejects);
}

static void append_cell(GString *line, Text text) {
  g_autofree char *valid = g_utf8_make_valid(text.at ? text.at : "", MIN(text.size, CONTENT_SIZE_MAX));
  g_string_append_c(line, '"');
  if (*valid && strchr("=+-@\t\r", *valid))
    g_string_append_c(line, '\'');
  for (const char *at = valid; *at; at++) {
    if (*at == '"')
      g_string_append_c(line, '"');
    g_string_append_c(line, *at);
  }
  g_string_append_c(line, '"');
}

gboolean rejects_add(Rejects *rejects, const ImportRefusal *refusal, GError **error) {
  GString *line = g_string_truncate(rejects->line, 0);
  append_cell(line, text_of(refusal->label));
  g_string_append_printf(line, ",%" G_GUINT64_FORMAT ",", refusal->row);
  if (refusal->line)
    g_string_append_printf(line, "%" G_GUINT64_FORMAT, refusal->line);
  g_string_append_c(line, ',');
  append_cell(line, text_of(refusal->reason));
  g_string_append_c(line, ',');
  append_cell(line, refusal->raw);
  g_string_append(line, "\r\n");
  return file_out_write(rejects->out, line->str, line->len, error);
}

gboolean rejects_commit(Rejects *rejects, GError **error) {
  return file_out_commit(rejects->out, error);
}
