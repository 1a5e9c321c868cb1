// SPDX-License-Identifier: Apache-2.0
#include "analysis/key.h"
#include "../sample.h"
#include "analysis/field.h"
#include "base/error.h"

enum { PERSONS = 9000, EVENTS = 20000 };
static const char *const FIELDS[] = {
    "event", "channel", "touchpoint",        "initiator", "grade", "currency", "campaign", "country", "properties.cart[].sku",
    "value", "time",    "properties.nothing"};

static guint64 noise(guint64 i) {
  return hash_mix(i * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) + 99);
}

/* What event number i (its own "n") shows for a field. */
static void text_of_event(guint i, const char *field, char text[64]) {
  guint64 x = noise(i);
  static const char *const channels[] = {"email", "direct", "ads"}, *const initiators[] = {"customer", "company", "system"};
  g_strlcpy(text, "(none)", 64);
  if (!strcmp(field, "event"))
    g_snprintf(text, 64, "event %u", (guint)(x % 5));
  else if (!strcmp(field, "channel") && x % 4 != 3)
    g_strlcpy(text, channels[x % 4], 64);
  else if (!strcmp(field, "touchpoint")) {
    if (x % 7 == 0)
      g_strlcpy(text, "shop", 64);
    else if (x % 4 == 3)
      g_snprintf(text, 64, "event %u", (guint)(x % 5));
    else
      g_snprintf(text, 64, "%s / event %u", channels[x % 4], (guint)(x % 5));
  } else if (!strcmp(field, "initiator"))
    g_strlcpy(text, initiators[x % 3], 64);
  else if (!strcmp(field, "grade"))
    g_strlcpy(text, x % 2 ? "click" : "visit", 64);
  else if (!strcmp(field, "currency") && x % 6)
    g_strlcpy(text, x % 6 == 1 ? "USD" : "EUR", 64);
  else if (!strcmp(field, "value") && x % 6)
    g_snprintf(text, 64, "%u.5", (guint)(x % 90));
  else if (!strcmp(field, "campaign") && x % 10 == 0)
    g_snprintf(text, 64, "c%u", (guint)(x % 110));
  else if (!strcmp(field, "country"))
    g_strlcpy(text, x % 8 ? "DE" : "AT", 64);
  else if (!strcmp(field, "properties.cart[].sku") && x % 3)
    g_snprintf(text, 64, "[\"s%u\"]", (guint)(x % 4));
  else if (!strcmp(field, "time")) {
    g_autofree char *instant = clock_text(TIME_MS_MIN + (gint64)(x % 700) * 1500);
    g_strlcpy(text, instant, 64);
  }
}

static Sample *make_sample(void) {
  Sample *sample = sample_new();
  for (guint i = 0; i < EVENTS; i++) {
    guint64 x = noise(i);
    char texts[G_N_ELEMENTS(FIELDS)][64], cart[64], n[16];
    for (guint f = 0; f < G_N_ELEMENTS(FIELDS); f++)
      text_of_event(i, FIELDS[f], texts[f]);
    g_autofree char *person = g_strdup_printf("p%u", (guint)(noise(i + 7) % PERSONS));
    Event *event = sample_event(sample, person, TIME_MS_MIN + (gint64)(x % 700) * 1500, texts[0]);
    event->channel = x % 4 == 3 ? (Text){NULL, 0} : text_of(texts[1]);
    event->touchpoint = text_of(x % 7 == 0 ? "shop" : NULL);
    event->initiator = (Initiator)(x % 3);
    event->grade = x % 2 ? GRADE_CLICK : GRADE_VISIT;
    event->has_value = x % 6 != 0;
    event->value_micro = event->has_value ? (gint64)(x % 90) * 1000000 + 500000 : 0;
    event->currency = text_of(x % 6 == 1 ? "USD" : NULL);
    if (x % 10 == 0)
      sample_property(sample, "campaign", VALUE_TEXT, text_of(texts[6]));
    sample_property(sample, "properties.country", VALUE_TEXT, text_of(texts[7]));
    g_snprintf(cart, sizeof cart, x % 3 ? "[{\"sku\":\"s%u\"}]" : "[]", (guint)(x % 4));
    sample_property(sample, "properties.cart", VALUE_JSON, text_of(cart));
    g_snprintf(n, sizeof n, "%u", i);
    sample_property(sample, "properties.n", VALUE_NUMBER, text_of(n));
    sample_add(sample, "test");
  }
  return sample;
}

typedef struct {
  Key *key;
  Field *number;
  const char *field;
  gint events;
} Check;

static gboolean check_block(const Question *question, guint block, const Block *data, guint worker, gpointer user, GError **error) {
  Check *check = user;
  g_autofree guint32 *codes = g_new(guint32, data->n_events);
  g_auto(FieldBlock) numbers = {0};
  if (!key_block(check->key, block, data, codes, error) || !field_block(check->number, block, data, &numbers, error))
    return FALSE;
  for (guint32 i = 0; i < data->n_events; i++) {
    char expected[64];
    g_autofree char *number = text_dup(field_entry(check->number, &numbers, codes_at(&numbers.codes, i)).text);
    text_of_event((guint)atoi(number), check->field, expected);
    g_autofree char *shown = text_dup(key_text(check->key, codes[i]));
    g_assert_cmpstr(shown, ==, expected);
    g_assert_cmpint(codes[i] == KEY_NONE, ==, !strcmp(expected, "(none)"));
  }
  g_atomic_int_add(&check->events, (gint)data->n_events);
  return TRUE;
}

static void check_field(const Question *question, const char *field) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Key) key = key_new(question, field, &error);
  g_autoptr(Field) number = field_new(question, "n", &error);
  Check check = {key, number, field, 0};
  g_assert_no_error(error);
  g_assert_true(question_each_block(question, check_block, &check, &error));
  g_assert_cmpint(check.events, ==, EVENTS);
  g_autoptr(GHashTable) distinct = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add(distinct, g_strdup("(none)"));
  for (guint i = 0; i < EVENTS; i++) {
    char text[64];
    text_of_event(i, field, text);
    g_hash_table_add(distinct, g_strdup(text));
  }
  g_assert_cmpuint(key_count(key), ==, g_hash_table_size(distinct)); /* one code a text */
}

static void test_fields(void) {
  Sample *sample = make_sample();
  g_autoptr(Snapshot) snapshot = sample_snapshot(sample);
  g_autoptr(Zone) zone = zone_new("UTC", NULL);
  Question question = {.snapshot = snapshot, .now_ms = G_MAXINT64, .zone = zone};
  g_assert_cmpuint(snapshot_blocks(snapshot), >, 1);
  for (question.threads = 1; question.threads <= 4; question.threads += 3)
    for (guint f = 0; f < G_N_ELEMENTS(FIELDS); f++)
      check_field(&question, FIELDS[f]);
  g_autoptr(GError) error = NULL;
  g_assert_null(key_new(&question, "campain", &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  g_assert_cmpstr(error->message, ==, "there is no field \"campain\"\nhint: did you mean \"campaign\"?");
  g_clear_pointer(&snapshot, snapshot_unref);
  sample_free(sample);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/key/every field has one code a text, on one thread and on four", test_fields);
  return g_test_run();
}
