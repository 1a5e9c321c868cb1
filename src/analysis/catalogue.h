/* SPDX-License-Identifier: Apache-2.0
 * catalogue.h: every report once: its name, sentence, parameters and limits. CLI help, HTTP routes, web
 * forms and the manual come from it. A new analysis is one file and one line in catalogue.c. */
#pragma once
#include "analysis/finding.h"
#include "analysis/params.h"
#include "analysis/question.h"
#include "analysis/table.h"
#include "base/json_out.h"

typedef struct {
  const char *name;    /* "funnel" */
  const char *summary; /* one sentence, for lists */
  const char *example; /* the options of one good call */
  const Param *params; /* its own; ends with a NULL name; the common ones are not repeated here */
  gpointer (*run)(const Question *question, const Params *params, GError **error); /* a result */
  void (*json)(gconstpointer result, JsonOut *out);                                /* its keys, inside the open object */
  void (*table)(gconstpointer result, Table *table);
  void (*free)(gpointer result);
  /* What the answer opens with; `language` is of labels. NULL: a list, which finds nothing. */
  void (*finding)(gconstpointer result, const Project *project, const char *language, Finding *out);
  gboolean by_goals; /* goals and stages move its figures: it warns of those that match nothing */
  /* The persons that --who listed, ids ascending; NULL when it was not asked. Reports without that option have none. */
  const GArray *(*who)(gconstpointer result);
} Report;

const Report *const *catalogue(void); /* NULL-terminated, in the order of help */
const Report *catalogue_find(const char *name);
/* Checks names, choices, required ones; fills defaults. ERROR_USAGE says which and what is known. */
gboolean params_check(Params *params, const Report *report, GError **error);

/* The whole answer with its envelope {report, now, through, definitions, coverage, finding, ...}. `format` is
 * "json", "csv" or "table"; style only for the latter. Caller frees. */
char *report_answer(const Report *report, const Question *question, Params *params, const char *format, const TableStyle *style,
                    GError **error);
