/* SPDX-License-Identifier: Apache-2.0
 * error.c: one table gives each kind of failure its name, exit code and HTTP status. */
#include "base/error.h"

#include <errno.h>

static const struct {
  const char *name;
  int exit_code;
  unsigned http_status;
} kinds[] = {
    [0] = {"failed", 1, 500},
    [ERROR_USAGE] = {"usage", 2, 400},
    [ERROR_INVALID] = {"invalid", 1, 400},
    [ERROR_NOT_FOUND] = {"not_found", 1, 404},
    [ERROR_CONFLICT] = {"conflict", 1, 409},
    [ERROR_BUSY] = {"busy", 1, 503},
    [ERROR_VERSION] = {"version", 1, 500},
    [ERROR_DAMAGED] = {"damaged", 1, 500},
    [ERROR_IO] = {"io", 1, 500},
    [ERROR_FULL] = {"full", 1, 507},
    [ERROR_LIMIT] = {"limit", 1, 413},
    [ERROR_CANCELLED] = {"cancelled", 1, 503},
    [ERROR_FORBIDDEN] = {"forbidden", 1, 403},
};

G_DEFINE_QUARK(etappe - error, etappe_error)

static guint kind_of(const GError *error) {
  gboolean ours = error->domain == ETAPPE_ERROR && error->code > 0 && error->code < (int)G_N_ELEMENTS(kinds);
  return ours ? (guint)error->code : 0;
}

void error_set_message(GError **error, ErrorCode code, const char *format, ...) {
  if (error == NULL)
    return;
  va_list arguments;
  va_start(arguments, format);
  g_propagate_error(error, g_error_new_valist(ETAPPE_ERROR, (int)code, format, arguments));
  va_end(arguments);
}

void error_set_message_errno(GError **error, int errno_value, const char *what) {
  ErrorCode code = errno_value == ENOSPC || errno_value == EDQUOT ? ERROR_FULL : ERROR_IO;
  error_set_message(error, code, "%s: %s", what, g_strerror(errno_value));
}

const char *error_name(const GError *error) {
  return kinds[kind_of(error)].name;
}

int error_exit_code(const GError *error) {
  return kinds[kind_of(error)].exit_code;
}

unsigned error_http_status(const GError *error) {
  return kinds[kind_of(error)].http_status;
}
