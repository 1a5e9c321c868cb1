/* SPDX-License-Identifier: Apache-2.0
 * sql_enum.h: the dictionaries of SQL's ENUM columns. Names of events, channels and sources stand in order of the
 * alphabet, so that ORDER BY sorts them; stages, grades and the like in their own order, so that stages compare. */
#pragma once
#include "analysis/field.h"

typedef enum {
  SQL_EVENT,
  SQL_CHANNEL,
  SQL_TOUCHPOINT,
  SQL_ORIGIN,
  SQL_KIND,
  SQL_GRADE,
  SQL_INITIATOR,
  SQL_STAGE,
  SQL_GOAL,
  SQL_RELATIONSHIP,
  SQL_PERSONA,
  SQL_STATE,
  SQL_OUTCOME,
  SQL_ENUMS
} SqlEnumName;

#define SQL_ENUM_NONE G_MAXUINT32 /* NULL */

typedef struct {
  GPtrArray *names; /* of char*, distinct; empty when the project declares none: the column is text and NULL */
  guint32 *place;   /* of each code among the names, or SQL_ENUM_NONE */
  guint n_codes;
} SqlEnum;

typedef struct {
  SqlEnum of[SQL_ENUMS];
} SqlEnums;

SqlEnums *sql_enums_new(const Question *question, GError **error);
void sql_enums_free(SqlEnums *enums);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqlEnums, sql_enums_free)

static inline guint32 sql_enum_place(const SqlEnum *of, guint32 code) {
  return code < of->n_codes ? of->place[code] : SQL_ENUM_NONE;
}
guint32 sql_enum_find(const SqlEnum *of, Text text);   /* among names in their own order; by a walk */
guint32 sql_enum_search(const SqlEnum *of, Text text); /* among names in order of bytes */
