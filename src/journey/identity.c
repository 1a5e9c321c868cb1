/* SPDX-License-Identifier: Apache-2.0
 * identity.c: values are stored as hashes, so one that is refused later is known again only as it is likely to have been
 * written: as the project writes it, in small letters, in capitals, capitalised. */
#include "journey/identity.h"

#include "base/hash.h"

static guint64 number_setting(Record *record, const char *name, guint64 fallback) {
  g_autofree char *text = record_setting(record, name);
  guint64 number = text ? g_ascii_strtoull(text, NULL, 10) : 0;
  return number > 0 && number < G_MAXINT32 ? number : fallback;
}

static void read_order_fields(Record *record, Identity *identity) {
  g_autofree char *text = record_setting(record, SETTING_ORDER_FIELDS);
  g_auto(GStrv) lines = g_strsplit(text ? text : ORDER_FIELDS_DEFAULT, "\n", -1);
  guint n = 0;
  for (char **line = lines; *line && n < IDENTITY_ORDER_FIELDS_MAX; line++)
    if (**line)
      identity->order_fields[n++] = g_strdup(*line);
}

static void refuse(Identity *identity, const char *value) {
  gsize size = strlen(value);
  if (size == 0 || size > IDENTIFIER_SIZE_MAX)
    return;
  for (guint s = 0; s < identity->spaces->n_spaces; s++) {
    Hash128 hash = identifier_hash(identity->spaces, &identity->key, (guint8)s, text_of(value));
    g_hash_table_add(identity->refused, g_memdup2(&hash.low, sizeof hash.low));
  }
}

static void read_refused(Record *record, Identity *identity) {
  g_autofree char *text = record_setting(record, SETTING_REFUSED);
  if (text == NULL || *text == '\0')
    return;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  identity->refused = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  for (char **line = lines; *line; line++) {
    g_autofree char *value = g_strstrip(g_strdup(*line)), *small = g_ascii_strdown(value, -1), *large = g_ascii_strup(value, -1);
    g_autofree char *capital = g_strdup(small);
    *capital = g_ascii_toupper(*capital);
    const char *const spellings[] = {value, small, large, capital};
    for (guint i = 0; i < G_N_ELEMENTS(spellings); i++)
      refuse(identity, spellings[i]);
  }
}

/* Order fields that no event has are left out, so that naming them makes nothing anew. Where one was first seen after an
 * index was made, that one is as good as before: the marks of then are kept beside. */
static void read_marks(Record *record, Identity *identity) {
  g_autofree char *refused = record_setting(record, SETTING_REFUSED), *orders = record_setting(record, SETTING_ORDER_FIELDS);
  g_auto(GStrv) fields = record_order_fields(record, orders);
  g_autoptr(GString) all = g_string_new("rules 2\n"); /* of persons and visits: counts up when they change */
  g_string_append_printf(all, "%u %u\n%s\n", identity->max_links, identity->set_size_max, refused ? refused : "");
  identity->marks[identity->n_marks++] = checksum64(all->str, all->len);
  for (guint i = 0; fields[i] && i < IDENTITY_ORDER_FIELDS_MAX; i++) {
    g_string_append_printf(all, "order %s\n", fields[i]);
    identity->marks[identity->n_marks++] = checksum64(all->str, all->len);
  }
  identity->mark = identity->marks[identity->n_marks - 1];
}

Identity *identity_read(Record *record) {
  Identity *identity = g_new0(Identity, 1);
  identity->spaces = record_spaces(record);
  identity->key = *record_key(record);
  identity->max_links = (guint)number_setting(record, SETTING_MAX_LINKS, IDENTITY_LINKS_MAX);
  identity->set_size_max = (guint)number_setting(record, SETTING_SET_SIZE_MAX, IDENTITY_SET_SIZE_MAX);
  read_order_fields(record, identity);
  read_refused(record, identity);
  read_marks(record, identity);
  return identity;
}

gboolean identity_made(const Identity *identity, guint64 mark) {
  for (guint i = 0; i < identity->n_marks; i++)
    if (identity->marks[i] == mark)
      return TRUE;
  return FALSE;
}

void identity_free(Identity *identity) {
  if (identity == NULL)
    return;
  for (guint i = 0; identity->order_fields[i]; i++)
    g_free(identity->order_fields[i]);
  g_clear_pointer(&identity->refused, g_hash_table_unref);
  g_free(identity);
}
