/* SPDX-License-Identifier: Apache-2.0
 * catalogue.h: every report once: its name, sentence, parameters and limits. CLI help, HTTP routes, web
 * forms and the manual come from it. A new analysis is one file and one line in catalogue.c. */
#pragma once
#include "analysis/question.h"
#include "analysis/table.h"
#include "base/json_out.h"

typedef enum { PARAM_TEXT, PARAM_INT, PARAM_FLAG, PARAM_DURATION, PARAM_CONDITION, PARAM_CHOICE } ParamType;
typedef struct {
  const char *name; /* "step": --step, and "step" in JSON */
  ParamType type;
  gboolean many;        /* may be given several times */
  gboolean required;
  const char *choices;  /* "ordered|strict|any" */
  const char *fallback; /* the default as text, or NULL */
  const char *help;     /* one line */
} Param;

typedef struct Params Params; /* given values by name, checked against the Param table */
Params *params_new(void);
void params_free(Params *params);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Params, params_free)
void params_add(Params *params, const char *name, const char *value);
const char *params_get(const Params *params, const char *name);       /* NULL when not given and without default */
const GPtrArray *params_all(const Params *params, const char *name);  /* of const char*; empty when none */
gboolean params_int(const Params *params, const char *name, gint64 min, gint64 max, gint64 *value, GError **error);

typedef struct {
  const char *name;    /* "funnel" */
  const char *summary; /* one sentence, for lists */
  const char *example; /* the options of one good call */
  const Param *params; /* ends with a NULL name; the common ones are not repeated here */
  gpointer (*run)(const Question *question, const Params *params, GError **error); /* a result */
  void (*json)(gconstpointer result, JsonOut *out);    /* its keys, inside the open object */
  void (*table)(gconstpointer result, Table *table);
  void (*free)(gpointer result);
} Report;

const Report *const *catalogue(void); /* NULL-terminated, in the order of help */
const Report *catalogue_find(const char *name);
/* Checks names, choices, required ones; fills defaults. ERROR_USAGE says which and what is known. */
gboolean params_check(Params *params, const Report *report, GError **error);

/* The whole answer with its envelope {report, now, through, definitions, coverage, ...}. `format` is
 * "json", "csv" or "table"; style only for the latter. Caller frees. */
char *report_answer(const Report *report, const Question *question, Params *params, const char *format, const TableStyle *style,
                    GError **error);
