// SPDX-License-Identifier: Apache-2.0
#include "exchange/json_cut.h"

static gsize skip_string(const char *at, gsize size, gsize i) {
  for (i++; i < size && at[i] != '"'; i++)
    i += at[i] == '\\';
  return i;
}

/* Bytes of the object that begins here, 0 when it goes on past the end. */
static gsize object_size(const char *at, gsize size) {
  gsize depth = 0;
  for (gsize i = 0; i < size; i++) {
    if (at[i] == '"')
      i = skip_string(at, size, i);
    else if (at[i] == '{' || at[i] == '[')
      depth++;
    else if ((at[i] == '}' || at[i] == ']') && --depth == 0)
      return i + 1;
  }
  return 0;
}

/* Blanks and what stands between objects. */
static gsize skip_between(JsonCut *cut, const char *at, gsize size) {
  gsize i = 0;
  for (; i < size; i++) {
    if (at[i] == '[' && !cut->list && !cut->ended)
      cut->list = TRUE;
    else if (at[i] == ']' && cut->list)
      cut->list = FALSE, cut->ended = TRUE;
    else if (!g_ascii_isspace(at[i]) && !(at[i] == ',' && cut->list))
      break;
  }
  return i;
}

gsize json_cut_next(JsonCut *cut, const char *at, gsize size, Text *object, const char **fault) {
  *object = (Text){NULL, 0};
  *fault = NULL;
  gsize between = skip_between(cut, at, size);
  if (between || !size)
    return between;
  if (*at != '{') {
    *fault = "an object in { } is expected here";
    return 0;
  }
  if (cut->ended) {
    *fault = "there is more after the end of the list";
    return 0;
  }
  gsize taken = object_size(at, size);
  if (taken)
    *object = (Text){at, (guint32)taken};
  return taken;
}
