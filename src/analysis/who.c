// SPDX-License-Identifier: Apache-2.0
#include "analysis/who.h"
#include "base/error.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
  guint64 row, hash;
} Wanted;

typedef struct {
  guint8 space;
  char *value; /* NULL where only the hash is kept */
} Known;

struct WhoNames {
  Record *record;
  GArray *wanted;    /* of Wanted, by row when reading */
  GHashTable *known; /* hash -> Known */
  Batch *batch;
  Event *event;
  guint next; /* of wanted, while scanning */
};

/* --- reading ------------------------------------------------------------------------------------ */
static gboolean is_hash(const char *text) {
  return strlen(text) == 16 && strspn(text, "0123456789abcdefABCDEF") == 16;
}

static gboolean unknown_space(Record *record, const char *text, GError **error) {
  g_autoptr(GString) known = g_string_new(NULL);
  const Spaces *spaces = record_spaces(record);
  for (guint s = 0; s < spaces->n_spaces; s++)
    g_string_append_printf(known, "%s%s", s ? ", " : "", spaces->spaces[s].name);
  return error_set(error, ERROR_USAGE, "\"%s\" names nobody\nhint: write namespace:value (%s), as in user:anna, or 16 hex digits",
                   text, known->str);
}

gboolean who_parse(Record *record, const char *text, Who *who, GError **error) {
  const char *colon = strchr(text, ':');
  if (!colon && is_hash(text)) {
    *who = (Who){g_ascii_strtoull(text, NULL, 16), -1};
    return TRUE;
  }
  int space = colon ? spaces_find(record_spaces(record), (Text){text, (guint32)(colon - text)}) : -1;
  if (g_str_has_prefix(text, "order:"))
    space = SPACE_ORDER;
  if (space < 0)
    return unknown_space(record, text, error);
  Identifier identifier;
  char scratch[IDENTIFIER_SIZE_MAX];
  const char *why;
  if (!identifier_make(&identifier, record_spaces(record), record_key(record), (guint8)space, text_of(colon + 1), scratch, &why))
    return error_set(error, ERROR_INVALID, "\"%s\" names nobody: %s", text, why);
  *who = (Who){identifier.hash.low, space};
  return TRUE;
}

gboolean who_unknown(const char *text, GError **error) {
  return error_set(error, ERROR_NOT_FOUND, "nobody is known as %s\nhint: `etappe person list` shows persons with their ids", text);
}

/* --- values -------------------------------------------------------------------------------------- */
static void known_free(gpointer known) {
  g_free(((Known *)known)->value);
  g_free(known);
}

WhoNames *who_names_new(Record *record) {
  WhoNames *names = g_new0(WhoNames, 1);
  names->record = record;
  names->wanted = g_array_new(FALSE, FALSE, sizeof(Wanted));
  names->known = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, known_free);
  names->batch = batch_new(record_spaces(record), record_key(record));
  names->event = g_new0(Event, 1);
  return names;
}

void who_names_free(WhoNames *names) {
  if (!names)
    return;
  g_array_unref(names->wanted);
  g_hash_table_unref(names->known);
  batch_free(names->batch);
  g_free(names->event);
  g_free(names);
}

void who_names_want(WhoNames *names, guint64 hash, guint8 space, guint64 row) {
  Wanted wanted = {row, hash};
  gboolean stored = space == WHO_SPACE_UNKNOWN || record_spaces(names->record)->spaces[space].plain;
  if (stored && row != G_MAXUINT64 && !g_hash_table_contains(names->known, &hash))
    g_array_append_val(names->wanted, wanted);
}

static void take_value(WhoNames *names, const Identifier *identifier, guint64 hash) {
  if (identifier->hash.low != hash)
    return;
  Known *known = g_new(Known, 1);
  *known = (Known){identifier->space, identifier->value.size ? text_dup(identifier->value) : NULL};
  g_hash_table_insert(names->known, g_memdup2(&hash, sizeof hash), known);
}

static gboolean take_batch(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user, GError **error) {
  WhoNames *names = user;
  if (!batch_open(names->batch, blob, size, error))
    return FALSE;
  for (; names->next < names->wanted->len; names->next++) {
    Wanted wanted = g_array_index(names->wanted, Wanted, names->next);
    if (wanted.row >= first + n)
      break;
    if (wanted.row < first)
      continue;
    if (!batch_event(names->batch, (guint)(wanted.row - first), record_names(names->record), names->event, error))
      return FALSE;
    for (guint i = 0; i < names->event->n_identifiers; i++)
      take_value(names, &names->event->identifiers[i], wanted.hash);
    if (names->event->has_alias)
      take_value(names, &names->event->alias, wanted.hash);
  }
  return TRUE;
}

static int compare_wanted(gconstpointer a, gconstpointer b) {
  const Wanted *x = a, *y = b;
  return (x->row > y->row) - (x->row < y->row);
}

gboolean who_names_read(WhoNames *names, GError **error) {
  g_array_sort(names->wanted, compare_wanted);
  g_autofree guint64 *rows = g_new(guint64, names->wanted->len + 1);
  for (guint i = 0; i < names->wanted->len; i++)
    rows[i] = g_array_index(names->wanted, Wanted, i).row;
  names->next = 0;
  gboolean good = record_scan_rows(names->record, rows, names->wanted->len, take_batch, names, error);
  g_array_set_size(names->wanted, 0);
  return good;
}

/* --- showing ------------------------------------------------------------------------------------- */
static const char *value_of(const WhoNames *names, guint64 hash) {
  const Known *known = g_hash_table_lookup(names->known, &hash);
  return known ? known->value : NULL;
}

char *who_text(const WhoNames *names, guint64 hash, guint8 space) {
  const char *value = value_of(names, hash), *name = record_spaces(names->record)->spaces[space].name;
  return value ? g_strdup_printf("%s:%s", name, value) : g_strdup_printf("%s " WHO_FORMAT, name, hash);
}

char *who_argument(const WhoNames *names, guint64 hash, guint8 space) {
  const char *value = value_of(names, hash);
  return value ? g_strdup_printf("%s:%s", record_spaces(names->record)->spaces[space].name, value)
               : g_strdup_printf(WHO_FORMAT, hash);
}

void who_write(const WhoNames *names, guint64 hash, guint8 space, JsonOut *out) {
  g_autofree char *id = g_strdup_printf(WHO_FORMAT, hash);
  json_kv_string(out, "id", id);
  json_kv_string(out, "namespace", record_spaces(names->record)->spaces[space].name);
  json_kv_string(out, "value", value_of(names, hash));
}

gboolean who_space(const WhoNames *names, guint64 hash, guint8 *space) {
  const Known *known = g_hash_table_lookup(names->known, &hash);
  if (known)
    *space = known->space;
  return known != NULL;
}
