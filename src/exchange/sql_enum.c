// SPDX-License-Identifier: Apache-2.0
#include "exchange/sql_enum.h"
#include "analysis/derive.h"
#include <string.h>

static void enum_init(SqlEnum *of, guint n_codes) {
  of->names = g_ptr_array_new_with_free_func(g_free);
  of->n_codes = n_codes;
  of->place = g_new(guint32, n_codes + 1);
  for (guint i = 0; i < n_codes; i++)
    of->place[i] = SQL_ENUM_NONE;
}

static int name_compare(gconstpointer a, gconstpointer b, gpointer user) {
  const Text *texts = user;
  return text_compare(texts[*(const guint32 *)a], texts[*(const guint32 *)b]);
}

/* Codes get the place of their text in byte order; equal texts share one, no text is NULL. */
static void enum_sorted(SqlEnum *of, const Text *texts, guint n) {
  g_autofree guint32 *order = g_new(guint32, n + 1);
  const char *last = NULL;
  enum_init(of, n);
  for (guint i = 0; i < n; i++)
    order[i] = i;
  g_qsort_with_data(order, (gint)n, sizeof *order, name_compare, (gpointer)(guintptr)texts);
  for (guint i = 0; i < n; i++) {
    if (texts[order[i]].size == 0)
      continue;
    char *name = text_dup(texts[order[i]]);
    if (last && strcmp(last, name) == 0) {
      g_free(name);
    } else {
      g_ptr_array_add(of->names, name);
      last = name;
    }
    of->place[order[i]] = of->names->len - 1;
  }
}

static void enum_names(SqlEnum *of, const Names *names, NameKind kind) {
  guint count = names_count(names, kind), n = count >= NAMES_MAX ? NAME_OTHER + 1 : count + 1;
  g_autofree Text *texts = g_new0(Text, n);
  for (guint i = 1; i < n; i++)
    if (i <= count || i == NAME_OTHER)
      texts[i] = names_text(names, kind, (guint16)i);
  enum_sorted(of, texts, n);
}

/* Codes are places: names in their own order. */
static void enum_plain(SqlEnum *of, const char *const *names, guint n) {
  enum_init(of, n);
  for (guint i = 0; i < n; i++) {
    guint at = 0;
    while (at < of->names->len && strcmp(of->names->pdata[at], names[i]) != 0)
      at++;
    if (at == of->names->len)
      g_ptr_array_add(of->names, g_strdup(names[i]));
    of->place[i] = at;
  }
}

/* Of GPtrArray of structs that begin with a Rule. */
static void enum_rules(SqlEnum *of, const GPtrArray *rules) {
  g_autofree const char **names = g_new(const char *, rules->len + 1);
  for (guint i = 0; i < rules->len; i++)
    names[i] = ((const Rule *)rules->pdata[i])->name;
  enum_plain(of, names, rules->len);
}

/* Of a field whose codes mean the same in every block. */
static gboolean enum_field(SqlEnum *of, const Question *question, const char *name, GError **error) {
  g_autoptr(Field) field = field_new(question, name, error);
  if (!field)
    return FALSE;
  guint n = field_shared_count(field);
  g_autofree Text *texts = g_new0(Text, n + 1);
  for (guint i = 0; i < n; i++)
    texts[i] = field_shared_entry(field, i).text;
  enum_sorted(of, texts, n);
  return TRUE;
}

/* --- touchpoints ------------------------------------------------------------------------------- */

/* A touch that nobody named is called by its channel and event. All pairs are names as long as these are few; else those that
 * there are. */
enum { PAIRS_MAX = 1 << 15 };

typedef struct {
  Field *channel, *event;
  GHashTable **pairs; /* by worker: of guint64 channel << 32 | event */
} Pairs;

static gboolean find_pairs(const Question *question, guint block, const Block *data, guint worker, gpointer user, GError **error) {
  Pairs *pairs = user;
  g_auto(FieldBlock) channel = {0};
  guint64 last = G_MAXUINT64;
  if (!field_block(pairs->channel, block, data, &channel, error))
    return FALSE;
  for (guint32 i = 0; i < data->n_events; i++) {
    guint64 pair = (guint64)codes_at(&channel.codes, i) << 32 | codes_at(&data->event, i);
    if (pair != last && !g_hash_table_contains(pairs->pairs[worker], &pair))
      g_hash_table_add(pairs->pairs[worker], g_memdup2(&pair, sizeof pair));
    last = pair;
  }
  return TRUE;
}

static void add_pair(const Pairs *pairs, guint32 channel, guint32 event, GPtrArray *names) {
  g_ptr_array_add(
      names, field_touchpoint_name(field_shared_entry(pairs->channel, channel).text, field_shared_entry(pairs->event, event).text));
}

static gboolean add_pairs_there(Pairs *pairs, const Question *question, GPtrArray *names, GError **error) {
  guint n = question_threads(question);
  pairs->pairs = g_new(GHashTable *, n);
  for (guint i = 0; i < n; i++)
    pairs->pairs[i] = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  gboolean good = question_each_block(question, find_pairs, pairs, error);
  for (guint i = 0; i < n; i++) {
    GHashTableIter iter;
    gpointer pair;
    g_hash_table_iter_init(&iter, pairs->pairs[i]);
    while (good && g_hash_table_iter_next(&iter, &pair, NULL))
      add_pair(pairs, (guint32)(*(guint64 *)pair >> 32), (guint32) * (guint64 *)pair, names);
    g_hash_table_unref(pairs->pairs[i]);
  }
  g_free(pairs->pairs);
  return good;
}

static gboolean add_pairs(const Question *question, GPtrArray *names, GError **error) {
  g_autoptr(Field) channel = field_new(question, "channel", error), event = channel ? field_new(question, "event", error) : NULL;
  if (!event)
    return FALSE;
  Pairs pairs = {channel, event, NULL};
  guint32 channels = field_shared_count(channel), events = field_shared_count(event);
  if ((guint64)channels * events > PAIRS_MAX)
    return add_pairs_there(&pairs, question, names, error);
  for (guint32 c = 0; c < channels; c++)
    for (guint32 e = 0; e < events; e++)
      add_pair(&pairs, c, e, names);
  return TRUE;
}

static gboolean enum_touchpoints(SqlEnum *of, const Question *question, GError **error) {
  const Names *known = snapshot_names(question->snapshot);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  if (!add_pairs(question, names, error))
    return FALSE;
  for (guint i = 0; i < question->project->touchpoints->len; i++)
    g_ptr_array_add(names, g_strdup(((const Touchpoint *)question->project->touchpoints->pdata[i])->rule.name));
  for (guint code = 1; code <= names_count(known, NAME_TOUCHPOINT); code++)
    g_ptr_array_add(names, text_dup(names_text(known, NAME_TOUCHPOINT, (guint16)code)));
  g_ptr_array_add(names, text_dup(names_text(known, NAME_TOUCHPOINT, NAME_OTHER)));
  g_autofree Text *texts = g_new(Text, names->len + 1);
  for (guint i = 0; i < names->len; i++)
    texts[i] = text_of(names->pdata[i]);
  enum_sorted(of, texts, names->len);
  return TRUE;
}

SqlEnums *sql_enums_new(const Question *question, GError **error) {
  static const char *const grades[] = {"visit", "click", "conversation", "open", "view", "delivered"};
  static const char *const initiators[] = {"customer", "company", "system"};
  static const char *const states[] = {"open", "converted", "abandoned", "service"}; /* as JourneyState */
  static const char *const outcomes[] = {"converted", "none", "open"};
  const Names *names = snapshot_names(question->snapshot);
  const Project *project = question->project;
  g_autoptr(SqlEnums) enums = g_new0(SqlEnums, 1);
  if (!enum_field(&enums->of[SQL_EVENT], question, "event", error) ||
      !enum_field(&enums->of[SQL_CHANNEL], question, "channel", error) ||
      !enum_field(&enums->of[SQL_KIND], question, "kind", error))
    return NULL;
  if (!enum_touchpoints(&enums->of[SQL_TOUCHPOINT], question, error))
    return NULL;
  enum_names(&enums->of[SQL_ORIGIN], names, NAME_SOURCE);
  enum_plain(&enums->of[SQL_GRADE], grades, G_N_ELEMENTS(grades));
  enum_plain(&enums->of[SQL_INITIATOR], initiators, G_N_ELEMENTS(initiators));
  enum_plain(&enums->of[SQL_STATE], states, G_N_ELEMENTS(states));
  enum_plain(&enums->of[SQL_OUTCOME], outcomes, G_N_ELEMENTS(outcomes));
  enum_rules(&enums->of[SQL_STAGE], project->stages);
  enum_rules(&enums->of[SQL_GOAL], project->goals);
  enum_rules(&enums->of[SQL_RELATIONSHIP], project->relationships);
  enum_rules(&enums->of[SQL_PERSONA], project->personas);
  return g_steal_pointer(&enums);
}

void sql_enums_free(SqlEnums *enums) {
  if (!enums)
    return;
  for (guint i = 0; i < SQL_ENUMS; i++) {
    g_clear_pointer(&enums->of[i].names, g_ptr_array_unref);
    g_free(enums->of[i].place);
  }
  g_free(enums);
}

guint32 sql_enum_find(const SqlEnum *of, Text text) {
  for (guint i = 0; i < of->names->len; i++)
    if (text_is(text, of->names->pdata[i]))
      return i;
  return SQL_ENUM_NONE;
}

guint32 sql_enum_search(const SqlEnum *of, Text text) {
  guint low = 0, high = of->names->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    int order = text_compare(text_of(of->names->pdata[middle]), text);
    if (order == 0)
      return middle;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return SQL_ENUM_NONE;
}
