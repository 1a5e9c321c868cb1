/* SPDX-License-Identifier: Apache-2.0
 * value_path.h: a path below a stored key ("[].category", ".page.url"), and the scalars in a JSON value.
 * `.name` takes a member, `[]` every element of an array. */
#pragma once
#include "wire/event.h"

typedef struct ValuePath ValuePath;
ValuePath *value_path_new(const char *path, GError **error); /* ".a.b[].c" */
void value_path_free(ValuePath *path);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ValuePath, value_path_free)

typedef struct ValueReader ValueReader; /* a JSON parser and its memory; one thread each */
ValueReader *value_reader_new(void);
void value_reader_free(ValueReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ValueReader, value_reader_free)

/* What stands at the path in `json`. With [] in the path it is an array of the scalars found (VALUE_JSON);
 * VALUE_NONE when nothing is there. The text lives until the next call with this reader. */
ValueKind value_path_read(const ValuePath *path, ValueReader *reader, Text json, Text *text);

/* Calls `each` with every scalar of a JSON array, nested ones too, as bare text, until it says FALSE; FALSE
 * then. Objects and nulls are passed over; what is no array has no scalars. */
typedef gboolean (*ValueScalarFunc)(Text scalar, gpointer user);
gboolean value_each_scalar(ValueReader *reader, Text json, ValueScalarFunc each, gpointer user);
