// SPDX-License-Identifier: Apache-2.0
#include "analysis/together.h"
#include "analysis/rates.h"
#include <math.h>
#include <string.h>

enum { NOT_CHOSEN = G_MAXUINT32, ROWS_PEOPLE = 5 };

typedef struct {
  gint64 paths, conversions;
} Count;

typedef struct {
  guint32 keys[TOGETHER_KEYS_MAX]; /* chosen ones */
  guint n;
  Count *pairs; /* [a * n + b], a <= b; [a * n + a]: of a */
} Counts;

static gint64 paths_of(const AttributionPaths *paths, guint p) {
  return g_array_index(paths->conversions, gint64, p) + g_array_index(paths->nulls, gint64, p);
}

/* How many paths hold each key. */
static gint64 *count_keys(const AttributionPaths *paths) {
  gint64 *held = g_new0(gint64, paths->keys->len + 1);
  g_autofree guint32 *seen = g_new0(guint32, paths->keys->len + 1);
  for (guint32 i = 0; i < paths->sets.n_places; i++)
    for (guint64 rest = paths->sets.places[i].keys; rest; rest &= rest - 1)
      held[__builtin_ctzll(rest)] += paths->sets.places[i].paths;
  for (guint p = 0; p + 1 < paths->start->len && !paths->sets_known; p++)
    for (guint32 i = g_array_index(paths->start, guint32, p); i < g_array_index(paths->start, guint32, p + 1); i++) {
      guint32 key = g_array_index(paths->elements, guint32, i);
      held[key] += seen[key] == p + 1 ? 0 : paths_of(paths, p);
      seen[key] = p + 1;
    }
  return held;
}

static gint compare_held(gconstpointer a, gconstpointer b, gpointer user) {
  const gint64 *held = user;
  guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;
  return held[x] != held[y] ? (held[x] < held[y] ? 1 : -1) : (x > y) - (x < y);
}

/* Key to its place among the chosen, which stand in the order of keys. */
static guint32 *choose_keys(const AttributionPaths *paths, Counts *counts) {
  guint n = paths->keys->len;
  g_autofree gint64 *held = count_keys(paths);
  g_autofree guint32 *order = g_new(guint32, n + 1);
  guint32 *place = g_new(guint32, n + 1);
  for (guint32 k = 0; k < n; k++) {
    order[k] = k;
    place[k] = NOT_CHOSEN;
  }
  g_qsort_with_data(order, (gint)n, sizeof *order, compare_held, held);
  for (guint i = 0; i < MIN(n, TOGETHER_KEYS_MAX); i++)
    place[order[i]] = 0;
  for (guint32 k = 0; k < n; k++)
    if (place[k] != NOT_CHOSEN) {
      place[k] = counts->n;
      counts->keys[counts->n++] = k;
    }
  return place;
}

/* Paths that hold these. */
static void count_held(Counts *counts, const guint32 *held, guint n, gint64 paths, gint64 conversions) {
  for (guint i = 0; i < n; i++)
    for (guint j = 0; j < n; j++)
      if (held[i] <= held[j]) {
        Count *count = &counts->pairs[held[i] * counts->n + held[j]];
        count->paths += paths;
        count->conversions += conversions;
      }
}

static void count_path(const AttributionPaths *paths, guint p, const guint32 *place, Counts *counts) {
  guint32 held[TOGETHER_KEYS_MAX];
  guint n = 0;
  guint64 known = 0; /* TOGETHER_KEYS_MAX bits */
  for (guint32 i = g_array_index(paths->start, guint32, p); i < g_array_index(paths->start, guint32, p + 1); i++) {
    guint32 at = place[g_array_index(paths->elements, guint32, i)];
    if (at == NOT_CHOSEN || (known >> at & 1))
      continue;
    known |= G_GUINT64_CONSTANT(1) << at;
    held[n++] = at;
  }
  count_held(counts, held, n, paths_of(paths, p), g_array_index(paths->conversions, gint64, p));
}

static void count_set(const KeySet *set, const guint32 *place, Counts *counts) {
  guint32 held[TOGETHER_KEYS_MAX];
  guint n = 0;
  for (guint64 rest = set->keys; rest; rest &= rest - 1)
    if (place[__builtin_ctzll(rest)] != NOT_CHOSEN)
      held[n++] = place[__builtin_ctzll(rest)];
  count_held(counts, held, n, set->paths, set->conversions);
}

static gboolean tells(Count count) {
  return count.conversions >= TOGETHER_LEAST && count.paths - count.conversions >= TOGETHER_LEAST;
}

static Count apart(Count all, Count both) {
  return (Count){all.paths - both.paths, all.conversions - both.conversions};
}

static double rate_of(Count count) {
  return (double)count.conversions / (double)count.paths;
}

/* Of a pair: the effect and its interval; `z` of the interval that decides, whose verdict is returned. */
static gboolean measure(Count a, Count b, Count both, double z, Pair *pair) {
  double r_a = rate_of(a), r_b = rate_of(b);
  pair->paths = both.paths;
  pair->conversions = both.conversions;
  pair->rate = rate_of(both);
  pair->expected = 1 - (1 - r_a) * (1 - r_b);
  pair->effect = pair->rate / pair->expected;
  double of_rate = (1 - pair->rate) / (double)both.conversions;
  double of_expected =
      (1 - r_b) * (1 - r_b) * r_a * (1 - r_a) / (double)a.paths + (1 - r_a) * (1 - r_a) * r_b * (1 - r_b) / (double)b.paths;
  double error = sqrt(of_rate + of_expected / (pair->expected * pair->expected)), logarithm = log(pair->effect);
  pair->low = exp(logarithm - rates_z(1) * error);
  pair->high = exp(logarithm + rates_z(1) * error);
  return fabs(logarithm) > z * error;
}

/* Those that convert more together first, each kind by the end of the interval that is nearer to none. */
static gint compare_pairs(gconstpointer a, gconstpointer b) {
  const Pair *x = a, *y = b;
  if ((x->effect > 1) != (y->effect > 1))
    return x->effect > 1 ? -1 : 1;
  double one = x->effect > 1 ? -x->low : x->high, other = y->effect > 1 ? -y->low : y->high;
  if (one != other)
    return one < other ? -1 : 1;
  return x->a != y->a ? (x->a > y->a ? 1 : -1) : (x->b > y->b) - (x->b < y->b);
}

static void each_pair(const Counts *counts, gboolean deciding, Together *out) {
  double z = deciding ? rates_z(out->compared) : 0;
  for (guint i = 0; i < counts->n; i++)
    for (guint j = i + 1; j < counts->n; j++) {
      Count both = counts->pairs[i * counts->n + j];
      Count a = apart(counts->pairs[i * counts->n + i], both), b = apart(counts->pairs[j * counts->n + j], both);
      Pair pair = {.a = counts->keys[i], .b = counts->keys[j]};
      if (!tells(both) || !tells(a) || !tells(b))
        continue;
      if (!deciding)
        out->compared++;
      else if (measure(a, b, both, z, &pair))
        g_array_append_val(out->pairs, pair);
    }
}

void together_find(const AttributionPaths *paths, Together *out) {
  Counts counts = {.n = 0};
  g_autofree guint32 *place = choose_keys(paths, &counts);
  *out = (Together){0, g_array_new(FALSE, FALSE, sizeof(Pair))};
  g_autofree Count *pairs = counts.pairs = g_new0(Count, counts.n * counts.n + 1);
  for (guint32 i = 0; i < paths->sets.n_places; i++)
    count_set(&paths->sets.places[i], place, &counts);
  for (guint p = 0; p + 1 < paths->start->len && !paths->sets_known; p++)
    count_path(paths, p, place, &counts);
  each_pair(&counts, FALSE, out);
  each_pair(&counts, TRUE, out);
  g_array_sort(out->pairs, compare_pairs);
}

void together_clear(Together *together) {
  g_clear_pointer(&together->pairs, g_array_unref);
}

void together_json(const Together *together, const AttributionPaths *paths, JsonOut *out) {
  json_key(out, "together");
  json_object(out);
  json_kv_int(out, "compared", (gint64)together->compared);
  json_key(out, "pairs");
  json_array(out);
  for (guint i = 0; i < together->pairs->len; i++) {
    const Pair *pair = &g_array_index(together->pairs, Pair, i);
    json_object(out);
    json_kv_string(out, "a", paths->keys->pdata[pair->a]);
    json_kv_string(out, "b", paths->keys->pdata[pair->b]);
    json_kv_int(out, "paths", pair->paths);
    json_kv_int(out, "conversions", pair->conversions);
    json_kv_double(out, "rate", pair->rate);
    json_kv_double(out, "expected", pair->expected);
    json_kv_double(out, "effect", pair->effect);
    json_kv_double(out, "low", pair->low);
    json_kv_double(out, "high", pair->high);
    json_object_end(out);
  }
  json_array_end(out);
  json_object_end(out);
}

void together_table(const Together *together, const AttributionPaths *paths, Table *table) {
  guint n = table_is_csv(table) ? together->pairs->len : MIN(together->pairs->len, ROWS_PEOPLE);
  if (n == 0)
    return;
  table_title(table, "Two in one path: converting more, or less, than each apart");
  table_column(table, "one", CELL_TEXT);
  table_column(table, "other", CELL_TEXT);
  table_column(table, "paths", CELL_INT);
  table_column(table, "conversions", CELL_INT);
  table_column(table, "rate", CELL_SHARE);
  table_column(table, "expected", CELL_SHARE);
  table_column(table, "times", CELL_NUMBER);
  table_column(table, "low", CELL_NUMBER);
  table_column(table, "high", CELL_NUMBER);
  for (guint i = 0; i < n; i++) {
    const Pair *pair = &g_array_index(together->pairs, Pair, i);
    table_text(table, paths->keys->pdata[pair->a]);
    table_text(table, paths->keys->pdata[pair->b]);
    table_int(table, pair->paths);
    table_int(table, pair->conversions);
    table_number(table, pair->rate);
    table_number(table, pair->expected);
    table_number(table, pair->effect);
    table_number(table, pair->low);
    table_number(table, pair->high);
  }
  table_note(table, "%u of %" G_GUINT64_FORMAT " pairs differ beyond chance, all at once (95 %%). Connection, no proof.",
             together->pairs->len, together->compared);
}
