// SPDX-License-Identifier: Apache-2.0
#include "server/log.h"

#include "base/clock.h"
#include "base/json_out.h"
#include <stdarg.h>
#include <unistd.h>

/* One write a line, so that lines of several threads do not mix. */
void log_line(const char *level, const char *message, ...) {
  g_autoptr(JsonOut) out = json_out_new();
  g_autofree char *now = clock_text(g_get_real_time() / 1000);
  va_list pairs;
  json_object(out);
  json_kv_string(out, "time", now);
  json_kv_string(out, "level", level);
  json_kv_string(out, "message", message);
  va_start(pairs, message);
  for (const char *name; (name = va_arg(pairs, const char *)) != NULL;) {
    const char *text = va_arg(pairs, const char *);
    if (text)
      json_kv_string(out, name, text);
  }
  va_end(pairs);
  json_object_end(out);
  g_autofree char *line = g_strconcat(json_out_text(out, NULL), "\n", NULL);
  if (write(STDERR_FILENO, line, strlen(line)) < 0)
    return; /* nobody reads it */
}
