/* SPDX-License-Identifier: Apache-2.0
 * Three sorts of fields. Shared ones take the block's own codes and a dictionary that is the same in every
 * block. Columns bring block-local dictionaries of their own. Of the rest (touchpoint, currency, initiator, time, value)
 * the codes of a block are made when asked for: each distinct value met becomes the next entry.
 * The project's rules hold here, so that channel and touchpoint mean the same wherever they are asked for. A channel
 * that only the project names stands behind the record's in the shared dictionary. */
#include "analysis/field.h"
#include "analysis/rules.h"
#include "base/decimal.h"
#include "base/error.h"
#include "record/names.h"

enum { SPOTS_COMPARED = 1024 }; /* touchpoints of a block that are compared by name with each other */

struct Field {
  FieldKind kind;
  Snapshot *snapshot;
  Column *column;         /* FIELD_COLUMN; FIELD_PLACE: the stated one */
  char *currency;         /* FIELD_CURRENCY: the project's */
  GPtrArray *source_kind; /* FIELD_KIND: of char*, by source code */
  Rules *rules;           /* the project's, of FIELD_CHANNEL, FIELD_TOUCHPOINT and FIELD_PLACE; or NULL */
  GPtrArray *rule_names;  /* FIELD_TOUCHPOINT, FIELD_PLACE: of char*, by rule */
  GArray *rule_codes;     /* FIELD_CHANNEL: of guint32, entries by rule */
  GPtrArray *own_names;   /* FIELD_CHANNEL: of char*: channels that the record does not know */
  Field *channel;         /* FIELD_TOUCHPOINT: of which "channel / event" is made */
};

static const char *const GRADES[] = {"visit", "click", "conversation", "open", "view", "delivered", ""};
static const char *const INITIATORS[] = {"", "customer", "company", "system"};

static const struct {
  const char *name;
  FieldKind kind;
} FIELDS[] = {
    {"event", FIELD_EVENT},    {"channel", FIELD_CHANNEL},     {"touchpoint", FIELD_TOUCHPOINT},
    {"source", FIELD_COLUMN},  {"medium", FIELD_COLUMN},       {"campaign", FIELD_COLUMN},
    {"content", FIELD_COLUMN}, {"term", FIELD_COLUMN},         {"place", FIELD_COLUMN},
    {"value", FIELD_VALUE},    {"currency", FIELD_CURRENCY},   {"time", FIELD_TIME},
    {"order", FIELD_COLUMN},   {"id", FIELD_COLUMN},           {"cost", FIELD_COLUMN},
    {"score", FIELD_COLUMN},   {"initiator", FIELD_INITIATOR}, {"grade", FIELD_GRADE},
    {"kind", FIELD_KIND},      {"visitor", FIELD_COLUMN},
};

const char *field_builtin(guint i) {
  return i < G_N_ELEMENTS(FIELDS) ? FIELDS[i].name : NULL;
}

/* --- names ----------------------------------------------------------------------------------- */

/* Edit distance of short words; `most` + 1 when it is more. */
static guint distance(const char *a, const char *b, guint most) {
  enum { LONGEST = 64 };
  guint row[LONGEST + 1];
  gsize n = strlen(a), m = strlen(b);
  if (n > LONGEST || m > LONGEST || (n > m ? n - m : m - n) > most)
    return most + 1;
  for (guint j = 0; j <= m; j++)
    row[j] = j;
  for (guint i = 1; i <= n; i++) {
    guint corner = row[0];
    row[0] = i;
    for (guint j = 1; j <= m; j++) {
      guint change = corner + (g_ascii_tolower(a[i - 1]) != g_ascii_tolower(b[j - 1]));
      corner = row[j];
      row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
    }
  }
  return row[m];
}

static void consider(const char *name, const char *candidate, guint *best, char **nearest) {
  guint found = *best ? distance(name, candidate, *best - 1) : 1;
  if (found >= *best)
    return;
  *best = found;
  g_free(*nearest);
  *nearest = g_strdup(candidate);
}

/* The nearest known field, or NULL when none is near; caller frees. */
static char *nearest_field(const Names *names, const char *name) {
  char *nearest = NULL;
  guint best = (guint)CLAMP(strlen(name) / 3, 1, 3) + 1;
  for (guint i = 0; i < G_N_ELEMENTS(FIELDS); i++)
    consider(name, FIELDS[i].name, &best, &nearest);
  for (guint code = 1; code <= names_count(names, NAME_KEY); code++) {
    g_autofree char *key = text_dup(names_text(names, NAME_KEY, (guint16)code));
    consider(name, g_str_has_prefix(key, "properties.") ? key + strlen("properties.") : key, &best, &nearest);
  }
  return nearest;
}

char *field_nearest_name(const Names *names, NameKind kind, const char *name) {
  char *nearest = NULL;
  guint best = (guint)CLAMP(strlen(name) / 3, 1, 3) + 1;
  for (guint code = 1; code <= names_count(names, kind); code++) {
    g_autofree char *known = text_dup(names_text(names, kind, (guint16)code));
    consider(name, known, &best, &nearest);
  }
  return nearest;
}

static gboolean refuse(const Names *names, const char *name, GError **error) {
  g_autofree char *nearest = nearest_field(names, name);
  if (nearest)
    return error_set(error, ERROR_INVALID, "there is no field \"%s\"\nhint: did you mean \"%s\"?", name, nearest);
  return error_set(
      error, ERROR_INVALID,
      "there is no field \"%s\"\nhint: fields are event, channel, touchpoint, source, medium, campaign, content, term, "
      "place, value, currency, time, order, id, cost, score, initiator, grade, kind and properties.NAME, context.NAME, "
      "traits.NAME",
      name);
}

static gboolean has_prefix(const char *name) {
  static const char *const prefixes[] = {"properties.", "context.", "traits.", "consent."};
  for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++)
    if (g_str_has_prefix(name, prefixes[i]) && name[strlen(prefixes[i])])
      return TRUE;
  return FALSE;
}

/* Which field a name means; `key` is set to the column's full key where it is one. */
static gboolean find_field(const Names *names, const char *name, FieldKind *kind, char **key, GError **error) {
  for (guint i = 0; i < G_N_ELEMENTS(FIELDS); i++)
    if (!strcmp(FIELDS[i].name, name)) {
      *kind = FIELDS[i].kind;
      *key = *kind == FIELD_COLUMN ? g_strdup(name) : NULL;
      return TRUE;
    }
  g_autofree char *property = g_strconcat("properties.", name, NULL);
  gboolean known = column_known(names, property);
  if (!known && !has_prefix(name) && !column_known(names, name))
    return refuse(names, name, error);
  *kind = FIELD_COLUMN;
  *key = known && !has_prefix(name) ? g_steal_pointer(&property) : g_strdup(name);
  return TRUE;
}

/* --- making one ------------------------------------------------------------------------------ */

/* Entries of the record's own channels. */
static guint32 record_channels(const Names *names) {
  guint n = names_count(names, NAME_CHANNEL);
  return n >= NAMES_MAX ? NAME_OTHER + 1 : n + 1; /* then "(other)" may occur */
}

/* As the project file says; a source that it does not name is a file. */
static const char *source_kind(const Project *project, Text source) {
  static const char *const kinds[] = {"file", "web", "app", "server"};
  for (guint i = 0; project && i < project->sources->len; i++) {
    const SourceRule *rule = project->sources->pdata[i];
    if (text_is(source, rule->name))
      return kinds[rule->kind];
  }
  return kinds[SOURCE_FILE];
}

static GPtrArray *read_source_kinds(const Project *project, const Names *names) {
  GPtrArray *kinds = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(kinds, NULL);
  for (guint code = 1; code <= names_count(names, NAME_SOURCE); code++)
    g_ptr_array_add(kinds, g_strdup(source_kind(project, names_text(names, NAME_SOURCE, (guint16)code))));
  if (kinds->len > NAMES_MAX) /* then "(other)" may occur */
    g_ptr_array_set_size(kinds, FIELD_SHARED_MAX);
  return kinds;
}

/* The entry of a channel that a rule names; a new one behind the record's where the record knows none of that name. */
static guint32 channel_entry(Field *field, const char *name) {
  const Names *names = snapshot_names(field->snapshot);
  guint32 code = names_find(names, NAME_CHANNEL, text_of(name));
  if (code)
    return code;
  guint at;
  if (!g_ptr_array_find_with_equal_func(field->own_names, name, g_str_equal, &at)) {
    at = field->own_names->len;
    g_ptr_array_add(field->own_names, g_strdup(name));
  }
  return record_channels(names) + at;
}

static gboolean open_channel_rules(Field *field, const Question *question, GError **error) {
  if (!rules_of_channels(question, &field->rules, error))
    return FALSE;
  field->own_names = g_ptr_array_new_with_free_func(g_free);
  field->rule_codes = g_array_new(FALSE, FALSE, sizeof(guint32));
  for (guint i = 0; field->rules && i < question->project->channels->len; i++) {
    guint32 entry = channel_entry(field, ((const Rule *)question->project->channels->pdata[i])->name);
    g_array_append_val(field->rule_codes, entry);
  }
  return TRUE;
}

static gboolean open_touchpoint_rules(Field *field, const Question *question, GError **error) {
  if (!rules_of_touchpoints(question, &field->rules, error) || !(field->channel = field_new(question, "channel", error)))
    return FALSE;
  field->rule_names = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; field->rules && i < question->project->touchpoints->len; i++)
    g_ptr_array_add(field->rule_names, g_strdup(((const Touchpoint *)question->project->touchpoints->pdata[i])->rule.name));
  return TRUE;
}

static gboolean open_place_rules(Field *field, const Question *question, GError **error) {
  if (!rules_of_places(question, &field->rules, error))
    return FALSE;
  field->rule_names = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < question->project->places->len; i++)
    g_ptr_array_add(field->rule_names, g_strdup(((const Rule *)question->project->places->pdata[i])->name));
  return TRUE;
}

static gboolean open_rules(Field *field, const Question *question, GError **error) {
  if (field->kind == FIELD_PLACE)
    return open_place_rules(field, question, error);
  if (field->kind == FIELD_CHANNEL)
    return open_channel_rules(field, question, error);
  return field->kind != FIELD_TOUCHPOINT || open_touchpoint_rules(field, question, error);
}

/* Where it was sold: the project says which field tells, and may name places by rules. */
static void find_place(const Project *project, FieldKind *kind, char **key) {
  if (project->place_field && strcmp(project->place_field, "place") != 0) {
    g_free(*key);
    *key = project_field_key(project->place_field);
  }
  for (guint i = 0; i < project->places->len; i++)
    if (((const Rule *)project->places->pdata[i])->when)
      *kind = FIELD_PLACE;
}

Field *field_new(const Question *question, const char *name, GError **error) {
  const Names *names = snapshot_names(question->snapshot);
  g_autofree char *key = NULL;
  FieldKind kind;
  if (!find_field(names, name, &kind, &key, error))
    return NULL;
  if (question->project && strcmp(name, "place") == 0)
    find_place(question->project, &kind, &key);
  if (key && question->project && project_is_of_employees(question->project, key)) {
    error_set(error, ERROR_INVALID,
              "\"%s\" says which employee it was, and employees are not analysed\nhint: the project file lists it under "
              "employee_properties",
              name);
    return NULL;
  }
  g_autoptr(Field) field = g_new0(Field, 1);
  field->kind = kind;
  field->snapshot = snapshot_ref(question->snapshot);
  if ((key && !(field->column = column_open(question->snapshot, key, error))) || !open_rules(field, question, error))
    return NULL;
  if (kind == FIELD_CURRENCY) {
    field->currency = g_strdup(question->project && question->project->currency ? question->project->currency : "EUR");
  }
  if (kind == FIELD_KIND)
    field->source_kind = read_source_kinds(question->project, names);
  return g_steal_pointer(&field);
}

void field_free(Field *field) {
  if (!field)
    return;
  column_free(field->column);
  g_free(field->currency);
  g_clear_pointer(&field->source_kind, g_ptr_array_unref);
  g_clear_pointer(&field->rule_names, g_ptr_array_unref);
  g_clear_pointer(&field->rule_codes, g_array_unref);
  g_clear_pointer(&field->own_names, g_ptr_array_unref);
  rules_free(field->rules);
  field_free(field->channel);
  snapshot_unref(field->snapshot);
  g_free(field);
}

FieldKind field_kind(const Field *field) {
  return field->kind;
}
gboolean field_is_shared(const Field *field) {
  return field->kind <= FIELD_KIND;
}

/* --- shared dictionaries --------------------------------------------------------------------- */

static NameKind name_kind(FieldKind kind) {
  return kind == FIELD_EVENT ? NAME_EVENT : NAME_SOURCE;
}

static ColumnEntry text_entry(Text text) {
  return (ColumnEntry){text.size ? VALUE_TEXT : VALUE_NONE, text};
}

ColumnEntry field_shared_entry(const Field *field, guint32 entry) {
  const Names *names = snapshot_names(field->snapshot);
  switch (field->kind) {
  case FIELD_GRADE: return text_entry(text_of(entry < G_N_ELEMENTS(GRADES) ? GRADES[entry] : NULL));
  case FIELD_CHANNEL:
    if (entry >= record_channels(names))
      return text_entry(text_of(g_ptr_array_index(field->own_names, entry - record_channels(names))));
    return entry == NAME_OTHER || entry <= names_count(names, NAME_CHANNEL)
               ? text_entry(names_text(names, NAME_CHANNEL, (guint16)entry))
               : (ColumnEntry){VALUE_NONE, {NULL, 0}};
  case FIELD_KIND:
    return text_entry(text_of(entry < field->source_kind->len ? g_ptr_array_index(field->source_kind, entry) : NULL));
  default:
    if (entry != NAME_OTHER && entry > names_count(names, name_kind(field->kind)))
      return (ColumnEntry){VALUE_NONE, {NULL, 0}};
    return text_entry(names_text(names, name_kind(field->kind), (guint16)entry));
  }
}

guint32 field_shared_count(const Field *field) {
  const Names *names = snapshot_names(field->snapshot);
  switch (field->kind) {
  case FIELD_GRADE: return G_N_ELEMENTS(GRADES);
  case FIELD_CHANNEL: return record_channels(names) + field->own_names->len;
  case FIELD_KIND: return field->source_kind->len;
  default:
    if (names_count(names, name_kind(field->kind)) >= NAMES_MAX) /* then "(other)" may occur */
      return FIELD_SHARED_MAX;
    return names_count(names, name_kind(field->kind)) + 1;
  }
}

/* --- codes made for a block ------------------------------------------------------------------ */

typedef struct {
  FieldBlock *out;
  guint32 *codes;
  GHashTable *known; /* of guint64* to code */
} Maker;

/* The code of what `identity` stands for; new when it was not met in this block. The entry is then the caller's to add. */
static guint32 made_code(Maker *maker, guint64 identity, gboolean *is_new) {
  gpointer code = g_hash_table_lookup(maker->known, &identity);
  *is_new = !code;
  if (code)
    return GPOINTER_TO_UINT(code);
  guint64 *kept = g_new(guint64, 1);
  *kept = identity;
  g_hash_table_insert(maker->known, kept, GUINT_TO_POINTER(maker->out->entries->len));
  return maker->out->entries->len;
}

static void add_entry(Maker *maker, ValueKind kind, const char *text, gsize size) {
  ColumnEntry entry = {kind, {g_string_chunk_insert_len(maker->out->texts, text, (gssize)size), (guint32)size}};
  g_array_append_val(maker->out->entries, entry);
}

static void add_text(Maker *maker, Text text) {
  add_entry(maker, VALUE_TEXT, text.at, text.size);
}

char *field_touchpoint_name(Text channel, Text event) {
  if (channel.size == 0 || event.size == 0)
    return text_dup(channel.size ? channel : event);
  return g_strdup_printf("%.*s / %.*s", (int)channel.size, channel.at, (int)event.size, event.at);
}

/* Where a touch happened, told apart: a rule of the project, the stated touchpoint, else a channel's event. */
typedef struct {
  guint32 rule, stated, channel, event;
} Spot;

static guint64 spot_identity(const Spot *spot) {
  if (spot->rule)
    return (guint64)spot->rule << 48;
  return spot->stated ? (guint64)1 << 40 | spot->stated : (guint64)spot->channel << 16 | spot->event;
}

static char *spot_text(const Field *field, const Spot *spot) {
  const Names *names = snapshot_names(field->snapshot);
  if (spot->rule)
    return g_strdup(g_ptr_array_index(field->rule_names, spot->rule - 1));
  if (spot->stated)
    return text_dup(names_text(names, NAME_TOUCHPOINT, (guint16)spot->stated));
  return field_touchpoint_name(field_shared_entry(field->channel, spot->channel).text, names_text(names, NAME_EVENT, (guint16)spot->event));
}

/* The entry of a text, 0 none: the same place may be named by a rule and by an event. */
static guint32 text_code(const Maker *maker, const char *text) {
  for (guint32 entry = 1; entry < maker->out->entries->len; entry++)
    if (text_is(g_array_index(maker->out->entries, ColumnEntry, entry).text, text))
      return entry;
  return 0;
}

static guint32 spot_code(Maker *maker, const Field *field, const Spot *spot) {
  guint64 identity = spot_identity(spot);
  gboolean is_new = FALSE;
  guint32 code = made_code(maker, identity, &is_new);
  if (!is_new)
    return code;
  g_autofree char *text = spot_text(field, spot);
  guint32 same = maker->out->entries->len < SPOTS_COMPARED ? text_code(maker, text) : 0;
  if (same)
    g_hash_table_insert(maker->known, g_memdup2(&identity, sizeof identity), GUINT_TO_POINTER(same));
  else
    add_text(maker, text_of(text));
  return same ? same : code;
}

/* Where channel and event are a byte each and nothing else counts, both bytes are an index. */
static void find_plain_touchpoints(Maker *maker, const Field *field, const Block *data, const Codes *channels) {
  g_autofree guint32 *table = g_new0(guint32, 1 << 16);
  const guint8 *events = data->event.data;
  for (guint32 i = 0; i < data->n_events; i++) {
    guint32 channel = channels->width ? ((const guint8 *)channels->data)[i] : channels->constant;
    guint32 *code = &table[channel << 8 | events[i]];
    if (G_UNLIKELY(!*code)) {
      Spot spot = {.channel = channel, .event = events[i]};
      *code = spot_code(maker, field, &spot);
    }
    maker->codes[i] = *code;
  }
}

static gboolean are_plain(const Block *data, const Codes *channels) {
  return data->event.width == 1 && data->touchpoint.width == 0 && !data->touchpoint.constant &&
         (channels->width == 1 || (channels->width == 0 && channels->constant < 256));
}

/* Most blocks have few spots, so a small cache answers instead of the table. */
static void find_touchpoints(Maker *maker, const Field *field, const Block *data, const guint16 *rules, const Codes *channels) {
  enum { CACHE = 1024 };
  struct {
    guint64 identity;
    guint32 code;
  } cache[CACHE] = {{0}};
  for (guint32 i = 0; i < data->n_events; i++) {
    Spot spot = {.rule = rules ? rules[i] : 0};
    if (!spot.rule && !(spot.stated = codes_at(&data->touchpoint, i))) {
      spot.channel = codes_at(channels, i);
      spot.event = codes_at(&data->event, i);
    }
    guint64 identity = spot_identity(&spot);
    guint at = (guint)(identity ^ identity >> 10 ^ identity >> 20 ^ identity >> 48) % CACHE;
    if (cache[at].identity != identity) {
      cache[at].identity = identity;
      cache[at].code = spot_code(maker, field, &spot);
    }
    maker->codes[i] = cache[at].code;
  }
}

static gboolean no_memory(const Block *data, GError **error) {
  return error_set(error, ERROR_LIMIT, "not enough memory for a field's codes of %u events", data->n_events);
}

/* The rules' codes of a block, NULL in *codes when none matches. */
static gboolean rule_codes(const Field *field, guint block, const Block *data, guint16 **codes, GError **error) {
  gboolean any = FALSE;
  *codes = NULL;
  if (!field->rules || data->n_events == 0)
    return TRUE;
  g_autofree guint16 *found = g_try_malloc_n(data->n_events, sizeof *found);
  if (!found)
    return no_memory(data, error);
  if (!rules_block(field->rules, block, data, found, &any, error))
    return FALSE;
  if (any)
    *codes = g_steal_pointer(&found);
  return TRUE;
}

static gboolean make_touchpoints(Maker *maker, const Field *field, guint block, const Block *data, GError **error) {
  g_autofree guint16 *rules = NULL;
  g_auto(FieldBlock) channel = {0};
  if (!rule_codes(field, block, data, &rules, error) || !field_block(field->channel, block, data, &channel, error))
    return FALSE;
  if (!rules && are_plain(data, &channel.codes))
    find_plain_touchpoints(maker, field, data, &channel.codes);
  else
    find_touchpoints(maker, field, data, rules, &channel.codes);
  return TRUE;
}

/* A visit has one channel, that of its first event. */
static void spread_over_visits(const Block *data, guint32 *codes) {
  typedef struct {
    guint32 person, code;
  } First;
  if (data->visit.width == 0 && data->visit.constant == 0)
    return;
  g_autoptr(GArray) firsts = g_array_new(FALSE, TRUE, sizeof(First)); /* by visit number; person counts from 1 */
  for (guint32 p = 0; p < data->n_persons; p++)
    for (guint32 i = data->person_start[p]; i < data->person_start[p + 1]; i++) {
      guint32 visit = codes_at(&data->visit, i);
      if (visit == 0)
        continue;
      if (visit >= firsts->len)
        g_array_set_size(firsts, visit + visit / 2 + 16);
      First *first = &g_array_index(firsts, First, visit);
      if (first->person != p + 1)
        *first = (First){p + 1, codes[i]};
      codes[i] = first->code;
    }
}

/* What an event states itself stays; then the project's rules; then what it arrived with. */
static gboolean make_channels(const Field *field, guint block, const Block *data, FieldBlock *out, GError **error) {
  g_autofree guint16 *rules = NULL;
  if (!rule_codes(field, block, data, &rules, error))
    return FALSE;
  if (!rules)
    return TRUE;
  guint32 *codes = out->codes_made = g_try_malloc_n(data->n_events, sizeof *codes);
  if (!codes)
    return no_memory(data, error);
  for (guint32 i = 0; i < data->n_events; i++)
    codes[i] = rules[i] && !bit_at(data->converses, i) ? g_array_index(field->rule_codes, guint32, rules[i] - 1)
                                                       : codes_at(&data->channel, i);
  spread_over_visits(data, codes);
  out->codes = (Codes){.width = 4, .data = codes};
  return TRUE;
}

/* The entry of a place that is new in this block: named by a rule, else stated. */
static guint32 place_code(Maker *maker, guint64 identity, guint32 code, const ColumnEntry *place) {
  g_autofree char *text = text_dup(place->text);
  guint32 same = code < SPOTS_COMPARED ? text_code(maker, text) : 0;
  if (same)
    g_hash_table_insert(maker->known, g_memdup2(&identity, sizeof identity), GUINT_TO_POINTER(same));
  else
    add_entry(maker, place->kind, place->text.at, place->text.size);
  return same ? same : code;
}

/* The first rule; else what the event states. */
static gboolean make_places(Maker *maker, const Field *field, guint block, const Block *data, GError **error) {
  enum { STATED = 1 << 16 }; /* rules are below it */
  g_autofree guint16 *rules = NULL;
  ColumnBlock stated;
  if (!rule_codes(field, block, data, &rules, error) || !column_block(field->column, block, &stated, error))
    return FALSE;
  for (guint32 i = 0; i < data->n_events; i++) {
    guint32 rule = rules ? rules[i] : 0, code = codes_at(&stated.codes, i);
    guint64 identity = rule ? rule : (guint64)STATED + code;
    gboolean is_new = FALSE;
    if (!rule && !code)
      continue;
    maker->codes[i] = made_code(maker, identity, &is_new);
    if (!is_new)
      continue;
    ColumnEntry place = rule ? text_entry(text_of(g_ptr_array_index(field->rule_names, rule - 1))) : column_entry(&stated, code);
    maker->codes[i] = place_code(maker, identity, maker->codes[i], &place);
  }
  return TRUE;
}

static void make_currencies(Maker *maker, const Field *field, const Block *data) {
  for (guint32 i = 0; i < data->n_events; i++) {
    guint32 stated = codes_at(&data->currency, i);
    gboolean is_new = FALSE;
    if (stated || bit_at(data->has_value, i))
      maker->codes[i] = made_code(maker, stated, &is_new);
    if (is_new)
      add_text(maker,
               stated ? names_text(snapshot_names(field->snapshot), NAME_CURRENCY, (guint16)stated) : text_of(field->currency));
  }
}

static void make_initiators(Maker *maker, const Block *data) {
  for (guint i = 1; i < G_N_ELEMENTS(INITIATORS); i++)
    add_text(maker, text_of(INITIATORS[i]));
  for (guint32 i = 0; i < data->n_events; i++)
    maker->codes[i] = bit_at(data->company, i) ? 2 : bit_at(data->system, i) ? 3 : 1;
}

static void make_values(Maker *maker, const Block *data) {
  for (guint32 i = 0; i < data->n_events; i++) {
    gint64 micro;
    gboolean is_new = FALSE;
    if (!block_value(data, i, &micro))
      continue;
    maker->codes[i] = made_code(maker, (guint64)micro, &is_new);
    if (is_new) {
      char text[MONEY_TEXT_SIZE];
      add_entry(maker, VALUE_NUMBER, text, money_format(micro, text));
    }
  }
}

static void make_times(Maker *maker, const Block *data) {
  for (guint32 i = 0; i < data->n_events; i++) {
    gint64 time_ms = block_time_ms(data, i);
    gboolean is_new;
    maker->codes[i] = made_code(maker, (guint64)time_ms, &is_new);
    if (!is_new)
      continue;
    g_autofree char *text = clock_text(time_ms);
    add_text(maker, text_of(text));
  }
}

static gboolean make_block(const Field *field, guint block, const Block *data, FieldBlock *out, GError **error) {
  Maker maker = {.out = out, .codes = g_try_malloc0_n(data->n_events, sizeof(guint32))};
  if (!maker.codes && data->n_events)
    return no_memory(data, error);
  out->codes_made = maker.codes;
  out->codes = (Codes){.width = 4, .data = maker.codes};
  out->texts = g_string_chunk_new(4096);
  out->entries = g_array_new(FALSE, FALSE, sizeof(ColumnEntry));
  maker.known = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  add_entry(&maker, VALUE_NONE, "", 0);
  gboolean good = TRUE;
  switch (field->kind) {
  case FIELD_PLACE: good = make_places(&maker, field, block, data, error); break;
  case FIELD_TOUCHPOINT: good = make_touchpoints(&maker, field, block, data, error); break;
  case FIELD_CURRENCY: make_currencies(&maker, field, data); break;
  case FIELD_INITIATOR: make_initiators(&maker, data); break;
  case FIELD_VALUE: make_values(&maker, data); break;
  default: make_times(&maker, data);
  }
  g_hash_table_destroy(maker.known);
  out->n_entries = out->entries->len;
  return good;
}

/* --- a block --------------------------------------------------------------------------------- */

static const Codes *shared_codes(const Field *field, const Block *data) {
  switch (field->kind) {
  case FIELD_EVENT: return &data->event;
  case FIELD_CHANNEL: return &data->channel;
  case FIELD_GRADE: return &data->grade;
  default: return &data->source;
  }
}

gboolean field_block(Field *field, guint block, const Block *data, FieldBlock *out, GError **error) {
  FieldBlock made = {0};
  if (field_is_shared(field)) {
    made.codes = *shared_codes(field, data);
    made.n_entries = field_shared_count(field);
    if (field->rules && block != FIELD_PROBE && !make_channels(field, block, data, &made, error)) {
      field_block_clear(&made);
      return FALSE;
    }
  } else if (field->kind == FIELD_COLUMN) {
    if (!column_block(field->column, block, &made.column, error))
      return FALSE;
    made.codes = made.column.codes;
    made.n_entries = made.column.n_entries;
  } else if (!make_block(field, block, data, &made, error)) {
    field_block_clear(&made);
    return FALSE;
  }
  *out = made;
  return TRUE;
}

void field_block_clear(FieldBlock *block) {
  g_clear_pointer(&block->entries, g_array_unref);
  g_clear_pointer(&block->texts, g_string_chunk_free);
  g_clear_pointer(&block->codes_made, g_free);
}

ColumnEntry field_entry(const Field *field, const FieldBlock *block, guint32 entry) {
  if (field_is_shared(field))
    return field_shared_entry(field, entry);
  return block->entries ? g_array_index(block->entries, ColumnEntry, entry) : column_entry(&block->column, entry);
}
