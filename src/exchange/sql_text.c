// SPDX-License-Identifier: Apache-2.0
// SQL is cut into quoted texts, quoted names, comments and the rest. Nothing here guards anything: DuckDB parses the
// statement itself, and a text that was cut wrongly only names a file that nobody may open.
#include "exchange/sql_text.h"
#include <string.h>

typedef enum { PIECE_OTHER, PIECE_TEXT, PIECE_NAME, PIECE_COMMENT } PieceKind;

/* The end of what begins with a quote; a doubled quote stands for one. */
static const char *quoted_end(const char *at, char quote) {
  for (at++; *at; at++) {
    if (*at != quote)
      continue;
    if (at[1] != quote)
      return at + 1;
    at++;
  }
  return at;
}

static const char *block_comment_end(const char *at) {
  guint depth = 0;
  for (; *at; at++) {
    if (at[0] == '/' && at[1] == '*') {
      depth++;
      at++;
    } else if (at[0] == '*' && at[1] == '/') {
      at++;
      if (--depth == 0)
        return at + 1;
    }
  }
  return at;
}

static const char *piece_end(const char *at, PieceKind *kind) {
  *kind = PIECE_COMMENT;
  if (at[0] == '-' && at[1] == '-')
    return at + strcspn(at, "\n");
  if (at[0] == '/' && at[1] == '*')
    return block_comment_end(at);
  *kind = *at == '\'' ? PIECE_TEXT : *at == '"' ? PIECE_NAME : PIECE_OTHER;
  return *kind == PIECE_OTHER ? at + 1 : quoted_end(at, *at);
}

char *sql_text_body(const char *statement) {
  const char *end = statement;
  for (const char *at = statement; *at;) {
    PieceKind kind;
    const char *next = piece_end(at, &kind);
    if (kind != PIECE_COMMENT && !(kind == PIECE_OTHER && (g_ascii_isspace(*at) || *at == ';')))
      end = next;
    at = next;
  }
  return g_strndup(statement, (gsize)(end - statement));
}

gboolean sql_text_is_one(const char *body) {
  PieceKind kind;
  for (const char *at = body; *at; at = piece_end(at, &kind))
    if (*at == ';')
      return FALSE;
  return TRUE;
}

void sql_text_literals(const char *statement, GPtrArray *literals) {
  for (const char *at = statement; *at;) {
    PieceKind kind;
    const char *next = piece_end(at, &kind);
    if ((kind == PIECE_TEXT || kind == PIECE_NAME) && next - at >= 2) {
      GString *text = g_string_new_len(at + 1, next - at - 2);
      g_string_replace(text, kind == PIECE_TEXT ? "''" : "\"\"", kind == PIECE_TEXT ? "'" : "\"", 0);
      g_ptr_array_add(literals, g_string_free(text, FALSE));
    }
    at = next;
  }
}
