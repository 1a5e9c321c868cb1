// SPDX-License-Identifier: Apache-2.0
#include "analysis/experience.h"
#include "journey/column.h"
#include <math.h>
#include <string.h>

struct Experience {
  Column *score, *metric; /* NULL when the record has none */
};

static gboolean open_known(const Question *question, const char *key, Column **out, GError **error) {
  if (*out || !column_known(snapshot_names(question->snapshot), key))
    return TRUE;
  return (*out = column_open(question->snapshot, key, error)) != NULL;
}

Experience *experience_new(const Question *question, GError **error) {
  static const char *const metrics[] = {"properties.metric", "properties.survey"};
  g_autoptr(Experience) experience = g_new0(Experience, 1);
  if (!open_known(question, "score", &experience->score, error) ||
      !open_known(question, "properties.score", &experience->score, error))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS(metrics); i++)
    if (!open_known(question, metrics[i], &experience->metric, error))
      return NULL;
  return g_steal_pointer(&experience);
}

void experience_free(Experience *experience) {
  if (!experience)
    return;
  column_free(experience->score);
  column_free(experience->metric);
  g_free(experience);
}

gboolean experience_any(const Experience *experience) {
  return experience->score != NULL;
}

static gboolean between(double value, double low, double high, double *out) {
  *out = (value - low) / (high - low) * 100;
  return value >= low && value <= high;
}

static gboolean metric_is(Text metric, const char *name) {
  return metric.size >= strlen(name) && g_ascii_strncasecmp(metric.at, name, strlen(name)) == 0;
}

/* FALSE for what is no score of its scale. */
static gboolean scale(Text metric, double value, double *out) {
  if (metric_is(metric, "nps"))
    return between(value, 0, 10, out);
  if (metric_is(metric, "csat") || metric_is(metric, "rating"))
    return between(value, 1, 5, out);
  if (metric_is(metric, "ces"))
    return between(value, 1, 7, out);
  return between(value, 0, value <= 10 ? 10 : 100, out);
}

gboolean experience_block(Experience *experience, guint block, const Block *data, GArray *out, GError **error) {
  ColumnBlock score, metric;
  g_array_set_size(out, 0);
  if (!experience->score)
    return TRUE;
  if (!column_block(experience->score, block, &score, error) ||
      (experience->metric && !column_block(experience->metric, block, &metric, error)))
    return FALSE;
  for (guint32 i = 0; i < data->n_events && score.n_entries > 1; i++) {
    guint32 code = codes_at(&score.codes, i), name = experience->metric ? codes_at(&metric.codes, i) : 0;
    if (!code)
      continue;
    Text text = column_entry(&score, code).text;
    g_autofree char *number = text_dup(text);
    char *end = number;
    ScoreEvent row = {i, g_ascii_strtod(number, &end)};
    if (end != number && *end == '\0' && isfinite(row.value) &&
        scale(name ? column_entry(&metric, name).text : (Text){NULL, 0}, row.value, &row.value))
      g_array_append_val(out, row);
  }
  return TRUE;
}

void score_add(ScoreSum *sum, double value) {
  gint64 thousandths = llround(value * 1000);
  sum->n++;
  sum->sum += thousandths;
  sum->squares += thousandths * thousandths / 1000;
}

void score_join(ScoreSum *sum, const ScoreSum *other) {
  sum->n += other->n;
  sum->sum += other->sum;
  sum->squares += other->squares;
}

Score score_of(const ScoreSum *sum) {
  if (sum->n == 0)
    return (Score){NAN, NAN, NAN, 0};
  double n = (double)sum->n, mean = (double)sum->sum / 1000 / n;
  if (sum->n == 1)
    return (Score){mean, NAN, NAN, 1};
  double variance = MAX(0, (double)sum->squares / 1000 - n * mean * mean) / (n - 1), half = 1.96 * sqrt(variance / n);
  return (Score){mean, MAX(0, mean - half), MIN(100, mean + half), (guint64)sum->n};
}
