/* SPDX-License-Identifier: Apache-2.0 */
#include "record/consent.h"

#include "base/file.h"

typedef struct {
  char *folder, *path;
  Record *record;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
  (void)unused;
  f->folder = g_dir_make_tmp("etappe-consent-XXXXXX", NULL);
  f->path = g_build_filename(f->folder, "c.db", NULL);
  f->record = record_open(f->path, RECORD_CREATE, NULL);
  g_assert_nonnull(f->record);
}

static void tear_down(Fixture *f, gconstpointer unused) {
  (void)unused;
  record_free(f->record);
  file_remove_folder(f->folder, NULL);
  g_free(f->folder);
  g_free(f->path);
}

static void reopen(Fixture *f) {
  record_free(f->record);
  f->record = record_open(f->path, RECORD_WRITE, NULL);
  g_assert_nonnull(f->record);
}

enum { ANN = 11, BOB = 12 };

static Consent said(guint64 identifier, const char *purpose, gboolean granted, gint64 at_ms) {
  return (Consent){.identifier = identifier, .purpose = purpose, .granted = granted, .at_ms = at_ms};
}

static void add(Fixture *f, Consent consent) {
  g_autoptr(GError) error = NULL;
  record_consents_add(f->record, &consent, 1, &error);
  g_assert_no_error(error);
}

static guint stored(Fixture *f) {
  g_autoptr(GArray) rows = record_consents(f->record, NULL, NULL);
  return rows->len;
}

static guint masked(Fixture *f) {
  g_autoptr(GArray) hidden = record_hidden(f->record, NULL);
  return hidden->len;
}

static void collect(guint64 identifier, gboolean granted, gint64 at_ms, gpointer user) {
  g_string_append_printf(user, "%s%" G_GUINT64_FORMAT "%c%" G_GINT64_FORMAT, ((GString *)user)->len ? " " : "", identifier,
                         granted ? '+' : '-', at_ms);
}

static void check_each(Fixture *f, const char *purpose, guint64 through, const char *expected) {
  g_autoptr(GString) text = g_string_new(NULL);
  g_autoptr(GError) error = NULL;
  record_consents_each(f->record, purpose, through, collect, text, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(text->str, ==, expected);
}

static void test_latest(Fixture *f, gconstpointer unused) {
  g_assert_cmpint(record_consent(f->record, ANN, "profile"), ==, CONSENT_UNKNOWN);
  add(f, said(ANN, "profile", TRUE, 10));
  g_assert_cmpint(record_consent(f->record, ANN, "profile"), ==, CONSENT_GRANTED);
  g_assert_cmpint(record_consent(f->record, ANN, "measure"), ==, CONSENT_UNKNOWN);
  g_assert_cmpint(record_consent(f->record, BOB, "profile"), ==, CONSENT_UNKNOWN);
  add(f, said(ANN, "profile", FALSE, 20));
  g_assert_cmpint(record_consent(f->record, ANN, "profile"), ==, CONSENT_DENIED);
  reopen(f);
  g_assert_cmpint(record_consent(f->record, ANN, "profile"), ==, CONSENT_DENIED);
}

static void test_repeats(Fixture *f, gconstpointer unused) {
  Consent first = said(ANN, "profile", TRUE, 10), again = said(ANN, "profile", TRUE, 20), other = again;
  other.version = "2026";
  add(f, first);
  guint64 through = record_through(f->record);
  add(f, again);
  g_assert_cmpuint(stored(f), ==, 1);
  g_assert_cmpuint(record_through(f->record), ==, through); /* nothing happened */
  add(f, other);                                            /* to another text */
  g_assert_cmpuint(stored(f), ==, 2);
  g_assert_cmpuint(record_through(f->record), ==, through + 1);
}

static void test_late(Fixture *f, gconstpointer unused) {
  add(f, said(ANN, "profile", TRUE, 30));
  add(f, said(ANN, "profile", FALSE, 20));
  add(f, said(ANN, "profile", FALSE, 25)); /* held then already */
  add(f, said(ANN, "profile", TRUE, 10));
  g_assert_cmpint(record_consent(f->record, ANN, "profile"), ==, CONSENT_GRANTED);
  check_each(f, "profile", G_MAXINT64, "11+30 11-20 11+10");
}

static void test_masks(Fixture *f, gconstpointer unused) {
  Consent page = said(ANN, "measure", FALSE, 10), server = said(BOB, "measure", FALSE, 10);
  server.masks = TRUE;
  add(f, page); /* a page's refusal of what nobody ever agreed to */
  g_assert_cmpuint(masked(f), ==, 0);
  add(f, server);
  g_assert_cmpuint(masked(f), ==, 1);
  add(f, said(ANN, "measure", TRUE, 20));
  add(f, said(ANN, "measure", FALSE, 30)); /* takes back what was granted */
  g_assert_cmpuint(masked(f), ==, 2);
  add(f, said(BOB, "measure", TRUE, 5)); /* late: the refusal stays the latest */
  g_assert_cmpuint(masked(f), ==, 2);
  add(f, said(BOB, "measure", TRUE, 20));
  g_assert_cmpuint(masked(f), ==, 1);
}

static guint64 import(Fixture *f, const Consent *consents, guint n) {
  ImportInfo totals = {0};
  g_autoptr(GError) error = NULL;
  record_import_begin(f->record, "crm", "crm.csv", "", &totals.id, &error);
  g_assert_no_error(error);
  record_import_finish_told(f->record, &totals, consents, n, &error);
  g_assert_no_error(error);
  return totals.id;
}

static void test_import(Fixture *f, gconstpointer unused) {
  Consent rows[] = {said(ANN, "measure", FALSE, 40), said(ANN, "measure", TRUE, 20), said(BOB, "measure", FALSE, 30)};
  rows[0].masks = rows[2].masks = TRUE;
  rows[1].again_ms = 25; /* one statement, said twice */
  add(f, said(BOB, "measure", TRUE, 10));
  guint64 before = record_through(f->record), id = import(f, rows, G_N_ELEMENTS(rows));
  check_each(f, "measure", record_through(f->record), "12+10 11+20 12-30 11-40");
  check_each(f, "measure", before, "12+10");
  g_assert_cmpuint(masked(f), ==, 2);
  guint64 with = record_through(f->record);
  g_assert_true(record_import_undo(f->record, id, NULL));
  g_assert_cmpuint(masked(f), ==, 0);
  check_each(f, "measure", record_through(f->record), "12+10");
  check_each(f, "measure", with, "12+10 11+20 12-30 11-40"); /* who asks as of then still sees it */
  g_assert_cmpint(record_consent(f->record, BOB, "measure"), ==, CONSENT_GRANTED);
  g_assert_cmpint(record_consent(f->record, ANN, "measure"), ==, CONSENT_UNKNOWN);
  g_autoptr(GError) error = NULL;
  g_assert_false(record_import_undo(f->record, id, &error));
  g_assert_nonnull(error);
  g_assert_cmpuint(stored(f), ==, 1);
}

/* What was said again after an import does not go with it. */
static void test_import_between(Fixture *f, gconstpointer unused) {
  Consent row = said(ANN, "profile", TRUE, 10);
  add(f, said(BOB, "profile", TRUE, 5));
  guint64 first = import(f, &row, 1), second = import(f, &row, 1);
  add(f, said(ANN, "profile", TRUE, 20));
  g_assert_true(record_import_undo(f->record, first, NULL));
  check_each(f, "profile", G_MAXINT64, "12+5 11+10 11+20");
  g_assert_true(record_import_undo(f->record, second, NULL));
  check_each(f, "profile", G_MAXINT64, "12+5 11+20");
  g_assert_cmpint(record_consent(f->record, ANN, "profile"), ==, CONSENT_GRANTED);
}

#define TEST(name, function) g_test_add("/consent/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  TEST("the latest statement about an identifier and a purpose holds, also after opening again", test_latest);
  TEST("what is said again is no news, unless about another text", test_repeats);
  TEST("a statement that comes late changes only what held then", test_late);
  TEST("refusing to be measured masks where it takes something back or speaks for the user", test_masks);
  TEST("what an import states comes with it and goes with it", test_import);
  TEST("what was said again after an import outlives it", test_import_between);
  return g_test_run();
}
