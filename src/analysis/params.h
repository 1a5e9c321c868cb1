/* SPDX-License-Identifier: Apache-2.0
 * params.h: the options of a question as names and texts, whichever door they came through. */
#pragma once
#include <glib.h>

typedef enum { PARAM_TEXT, PARAM_INT, PARAM_FLAG, PARAM_DURATION, PARAM_CONDITION, PARAM_CHOICE } ParamType;
typedef struct {
  const char *name; /* "step": --step, and "step" in JSON */
  ParamType type;
  gboolean many; /* may be given several times */
  gboolean required;
  const char *choices;  /* "ordered|strict|any" */
  const char *fallback; /* the default as text, or NULL */
  const char *help;     /* one line */
} Param;

typedef struct Params Params; /* given values by name, checked against a Param table */
Params *params_new(void);
void params_free(Params *params);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Params, params_free)
void params_add(Params *params, const char *name, const char *value);
const char *params_get(const Params *params, const char *name);      /* the last one given, NULL when none */
const GPtrArray *params_all(const Params *params, const char *name); /* of const char*; empty when none */
gboolean params_flag(const Params *params, const char *name);        /* given, and not "false" or "0" */
gboolean params_int(const Params *params, const char *name, gint64 min, gint64 max, gint64 *value, GError **error);

const Param *param_find(const Param *table, const char *name);
/* Every given name stands in one of the tables (a NULL ends them), choices are known ones, once is once. An
 * error lists what the first table knows. */
gboolean params_check_names(const Params *params, const Param *const *tables, GError **error);
