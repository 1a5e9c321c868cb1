/* SPDX-License-Identifier: Apache-2.0
 * attribution.h: which touch earned the result. The report over a project's paths, and the same models over paths that
 * another tool counted. Meaning of every model: docs/attribution.md. */
#pragma once
#include "analysis/attribution_paths.h"
#include "analysis/catalogue.h"

extern const Report attribution_report;

typedef struct Attribution Attribution; /* the report's result */

/* Models over given paths: `models` are texts as --model takes them (first, last, linear, position, time-decay, shapley,
 * markov, markov(2)); an empty list means those that fit. Takes the paths. Resamples are drawn per path. */
Attribution *attribution_of_paths(AttributionPaths *take_paths, const GPtrArray *models, guint64 seed, guint resamples,
                                  guint threads, GError **error);
void attribution_free(gpointer attribution);
void attribution_json(gconstpointer attribution, JsonOut *out);
void attribution_table(gconstpointer attribution, Table *table);
/* `project` NULL: of paths from a file. */
void attribution_finding(gconstpointer attribution, const Project *project, const char *language, Finding *out);
