/* SPDX-License-Identifier: Apache-2.0
 * mapping.h: which column of a file, or key of a flat JSON object, says what of an event.
 * mapping_map(m, "person", "customer_id") ..., then mapping_column() for each column in order of the file,
 * mapping_check(), and mapping_apply() for each row. A column that nobody mapped is the property
 * `properties.<column>`. */
#pragma once
#include "wire/door.h"

typedef enum {
  FIELD_PROPERTY, /* properties.<column> */
  FIELD_IDENTIFIER,
  FIELD_TIME,
  FIELD_EVENT,
  FIELD_ID,
  FIELD_CHANNEL,
  FIELD_TOUCHPOINT,
  FIELD_VALUE,
  FIELD_CURRENCY,
  FIELD_COST,
  FIELD_SOURCE, /* from here on properties under their own short name */
  FIELD_MEDIUM,
  FIELD_CAMPAIGN,
  FIELD_CONTENT,
  FIELD_TERM,
  FIELD_REFERRER,
  FIELD_URL,
  FIELD_ACCOUNT,
  FIELD_PLACE,
  FIELD_SCORE,
  FIELD_ORDER,
  FIELD_CONSENT,
  FIELDS
} Field;

typedef struct Mapping Mapping; /* immutable once all columns are known; then any thread may read it */
enum { MAPPING_COLUMNS_MAX = 4096 };

Mapping *mapping_new(const Spaces *spaces); /* which must outlive it */
void mapping_free(Mapping *mapping);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mapping, mapping_free)

/* `field` is a name above in lower case, `person` (the same as `user`) or any identifier's name. A column may
 * serve several fields, and several columns may hold identifiers; any other field takes one column.
 * ERROR_USAGE for an unknown field lists the known ones. */
gboolean mapping_map(Mapping *mapping, const char *field, const char *column, GError **error);
/* The same value for all rows; a column of the same field wins where its cell is not empty. */
gboolean mapping_set(Mapping *mapping, const char *field, const char *value, GError **error);

/* Makes the next column known: 0, 1, 2, ... ERROR_INVALID for a repeated name, ERROR_LIMIT past the maximum. */
gboolean mapping_column(Mapping *mapping, const char *name, GError **error);
/* Once all are known: ERROR_INVALID names a mapped column that the file lacks and lists those it has; also
 * when there is nothing to take the time or the event's name from. */
gboolean mapping_check(const Mapping *mapping, GError **error);
/* The part of it that needs no columns, for objects whose keys differ: is there a time and an event's name? */
gboolean mapping_check_fields(const Mapping *mapping, GError **error);
guint mapping_columns(const Mapping *mapping);
gboolean mapping_has(const Mapping *mapping, Field field); /* mapped or set */

/* A cell without a type, as CSV has them, is VALUE_NONE: empty means absent, a canonical decimal is a number,
 * everything else text. Typed files say VALUE_TEXT, VALUE_NUMBER, VALUE_TRUE, ...; no cell is VALUE_NONE with
 * an empty text. */
typedef struct {
  Text text;
  ValueKind kind;
} Cell;

/* One row, cells in the order of the columns. FALSE with *why (a static sentence) when it cannot be an event:
 * no time, an impossible date, no event name, an amount that is none. About 0.3 us. */
gboolean mapping_apply(const Mapping *mapping, Door *door, const Cell *cells, Event *event, const char **why);

/* The same for an object: `names` instead of known columns, without repeats; empty cells as above. The caller
 * begins the event (door_begin), so that cells may lie in the door's memory. */
gboolean mapping_apply_members(const Mapping *mapping, Door *door, const Text *names, const Cell *cells, guint n, Event *event,
                               const char **why);
