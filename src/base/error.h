/* SPDX-License-Identifier: Apache-2.0
 * error.h: the few kinds of failure, and what each means to a shell and to HTTP.
 * A function that can fail takes `GError **error` last and returns FALSE or NULL;
 * its outputs are then untouched. A message says what is wrong and where; after a
 * newline, "hint: " begins what to do about it. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  ERROR_USAGE = 1, /* the call itself is wrong: unknown option, missing argument */
  ERROR_INVALID,   /* input that cannot be accepted: a condition, a file, a value */
  ERROR_NOT_FOUND,
  ERROR_CONFLICT, /* contradicts what is stored */
  ERROR_BUSY,     /* somebody else writes now; trying again helps */
  ERROR_VERSION,  /* written by another version of the format */
  ERROR_DAMAGED,  /* a checksum or an invariant of stored data is broken */
  ERROR_IO,       /* the system refused: permission, read-only, device */
  ERROR_FULL,     /* no space left */
  ERROR_LIMIT,    /* a stated maximum is exceeded */
  ERROR_CANCELLED,
  ERROR_FORBIDDEN,
} ErrorCode;

#define ETAPPE_ERROR (etappe_error_quark())
GQuark etappe_error_quark(void);

/* Sets *error (may be NULL) and returns FALSE, so that callers can `return error_set(...)`. The compiler sees that
 * FALSE and knows that whoever goes on has its outputs. */
#define error_set(...)                                                                                                             \
  __extension__({                                                                                                                  \
    error_set_message(__VA_ARGS__);                                                                                                \
    FALSE;                                                                                                                         \
  })
void error_set_message(GError **error, ErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The same from errno: ENOSPC is ERROR_FULL, everything else ERROR_IO. `what` says what was
 * attempted, e.g. "writing shop.db". */
#define error_set_errno(...)                                                                                                       \
  __extension__({                                                                                                                  \
    error_set_message_errno(__VA_ARGS__);                                                                                          \
    FALSE;                                                                                                                         \
  })
void error_set_message_errno(GError **error, int errno_value, const char *what);

const char *error_name(const GError *error);     /* "invalid", as in the JSON */
int error_exit_code(const GError *error);        /* 2 for ERROR_USAGE, else 1 */
unsigned error_http_status(const GError *error); /* 400, 404, 409, ... */

G_END_DECLS
