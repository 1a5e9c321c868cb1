/* SPDX-License-Identifier: Apache-2.0
 * who.h: identifiers as people write and read them: `user:anna`, or 16 hex digits where only the hash is
 * known or a person's id is meant. */
#pragma once
#include "base/json_out.h"
#include "record/record.h"

typedef struct {
  guint64 hash;
  int space; /* -1: given by hash, namespace unknown */
} Who;

/* ERROR_USAGE says what would be understood, ERROR_INVALID why a value names nobody. */
gboolean who_parse(Record *record, const char *text, Who *who, GError **error);

gboolean who_unknown(const char *text, GError **error); /* ERROR_NOT_FOUND; returns FALSE */

/* The values of some identifiers, of those whose namespace is kept in plain. */
typedef struct WhoNames WhoNames;
WhoNames *who_names_new(Record *record);
void who_names_free(WhoNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WhoNames, who_names_free)
enum { WHO_SPACE_UNKNOWN = 255 };
/* Wants the value of an identifier, which event `row` carries (with an unknown namespace: may carry). */
void who_names_want(WhoNames *names, guint64 hash, guint8 space, guint64 row);
gboolean who_names_read(WhoNames *names, GError **error); /* looks up all that were wanted since the last time */

/* "user:anna", else "email 3f2a9c0012345678". Caller frees. */
char *who_text(const WhoNames *names, guint64 hash, guint8 space);
/* "user:anna", else "3f2a9c0012345678": as who_parse reads it. Caller frees. */
char *who_argument(const WhoNames *names, guint64 hash, guint8 space);
/* The members id, namespace and value (null where it is not kept), inside an open object. */
void who_write(const WhoNames *names, guint64 hash, guint8 space, JsonOut *out);

/* The namespace of one that was wanted without; FALSE when the event did not carry it. */
gboolean who_space(const WhoNames *names, guint64 hash, guint8 *space);

#define WHO_FORMAT "%016" G_GINT64_MODIFIER "x" /* of a person or a hash */
