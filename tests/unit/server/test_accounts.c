/* SPDX-License-Identifier: Apache-2.0 */
#include "server/accounts.h"

#include "base/hash.h"
#include "base/file.h"
#include <glib/gstdio.h>
#include <string.h>

#define PASSWORD "a sentence is easy to keep"

typedef struct {
  char *folder, *db;
  Accounts *accounts;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
  HashKey key;
  f->folder = g_dir_make_tmp("etappe-XXXXXX", NULL);
  f->db = g_build_filename(f->folder, "shop.db", NULL);
  g_autofree char *secret = g_strconcat(f->db, ".key", NULL);
  g_assert_true(hash_key_load(&key, secret, TRUE, NULL));
  f->accounts = accounts_open(f->db, NULL);
  g_assert_nonnull(f->accounts);
}

static void tear_down(Fixture *f, gconstpointer data) {
  accounts_free(f->accounts);
  g_assert_true(file_remove_folder(f->folder, NULL));
  g_free(f->folder);
  g_free(f->db);
}

static void test_setup(Fixture *f, gconstpointer data) {
  g_autoptr(GError) error = NULL;
  g_autofree char *first = accounts_setup_token(f->accounts, NULL), *second = accounts_setup_token(f->accounts, NULL);
  g_assert_true(accounts_none(f->accounts));
  g_assert_false(accounts_setup(f->accounts, first, "Mara", "mara@example.com", PASSWORD, &error)); /* the second ended it */
  g_assert_error(error, ETAPPE_ERROR, ERROR_FORBIDDEN);
  g_clear_error(&error);
  g_assert_false(accounts_setup(f->accounts, second, "Mara", "mara@example.com", "short", &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  g_clear_error(&error);
  g_assert_true(accounts_setup(f->accounts, second, "Mara", "mara@example.com", PASSWORD, NULL));
  g_assert_false(accounts_none(f->accounts));
  g_assert_false(accounts_setup(f->accounts, second, "Eve", "eve@example.com", PASSWORD, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_FORBIDDEN);
  g_assert_null(accounts_setup_token(f->accounts, NULL));
}

static void test_session(Fixture *f, gconstpointer data) {
  guint wait_s;
  g_autofree char *token = NULL;
  g_assert_true(accounts_add(f->accounts, "Mara", "Mara@Example.com", ROLE_ANALYST, PASSWORD, NULL, NULL));
  g_assert_true(accounts_sign_in(f->accounts, "mara@example.com", PASSWORD, "192.0.2.0", &token, &wait_s, NULL));
  g_autoptr(Session) session = accounts_session(f->accounts, token);
  g_assert_cmpstr(session->name, ==, "Mara");
  g_assert_cmpint(session->role, ==, ROLE_ANALYST);
  g_assert_cmpuint(strlen(session->csrf), ==, 32);
  g_assert_null(accounts_session(f->accounts, "0123"));
  accounts_sign_out(f->accounts, token);
  g_assert_null(accounts_session(f->accounts, token));
}

static void test_attempts(Fixture *f, gconstpointer data) {
  guint wait_s = 0, n = 0;
  g_autofree char *token = NULL;
  g_assert_true(accounts_add(f->accounts, "Mara", "mara@example.com", ROLE_ADMIN, PASSWORD, NULL, NULL));
  while (wait_s == 0 && n++ < 20)
    g_assert_false(accounts_sign_in(f->accounts, "mara@example.com", "wrong wrong wrong", "192.0.2.0", &token, &wait_s, NULL));
  g_assert_cmpuint(n, >=, 5);
  g_assert_cmpuint(n, <, 10);
  g_autoptr(GError) error = NULL; /* the right one waits too, wherever it comes from */
  g_assert_false(accounts_sign_in(f->accounts, "mara@example.com", PASSWORD, "198.51.100.0", &token, &wait_s, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_BUSY);
}

static void test_roles(Fixture *f, gconstpointer data) {
  gint64 mara, eve;
  guint wait_s;
  g_autofree char *token = NULL;
  g_autoptr(GError) error = NULL;
  g_assert_true(accounts_add(f->accounts, "Mara", "mara@example.com", ROLE_ADMIN, PASSWORD, &mara, NULL));
  g_assert_false(accounts_add(f->accounts, "Mara", "MARA@example.com", ROLE_ADMIN, PASSWORD, &eve, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_CONFLICT);
  g_clear_error(&error);
  g_assert_false(accounts_remove(f->accounts, mara, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_CONFLICT);
  g_clear_error(&error);
  g_assert_false(accounts_set_role(f->accounts, mara, ROLE_VIEWER, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_CONFLICT);
  g_assert_true(accounts_add(f->accounts, "Eve", "eve@example.com", ROLE_ADMIN, PASSWORD, &eve, NULL));
  g_assert_true(accounts_sign_in(f->accounts, "mara@example.com", PASSWORD, "192.0.2.0", &token, &wait_s, NULL));
  g_assert_true(accounts_set_role(f->accounts, mara, ROLE_VIEWER, NULL));
  g_assert_null(accounts_session(f->accounts, token)); /* what she may has changed: she signs in anew */
  g_assert_true(accounts_remove(f->accounts, mara, NULL));
  g_autoptr(GPtrArray) all = accounts_all(f->accounts, NULL);
  g_assert_cmpuint(all->len, ==, 1);
  g_assert_cmpstr(((Account *)all->pdata[0])->name, ==, "Eve");
}

static void test_secrets(Fixture *f, gconstpointer data) {
  guint wait_s;
  gsize size;
  g_autofree char *token = NULL, *path = g_strconcat(f->db, ".access", NULL), *bytes = NULL;
  GStatBuf about;
  g_assert_true(accounts_add(f->accounts, "Mara", "mara@example.com", ROLE_ADMIN, PASSWORD, NULL, NULL));
  g_assert_true(accounts_sign_in(f->accounts, "mara@example.com", PASSWORD, "192.0.2.0", &token, &wait_s, NULL));
  g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
  g_assert_null(memmem(bytes, size, PASSWORD, strlen(PASSWORD)));
  g_assert_null(memmem(bytes, size, token, strlen(token)));
  g_assert_cmpint(g_stat(path, &about), ==, 0);
  g_assert_cmpint(about.st_mode & 0777, ==, 0600);
}

static void test_audit(Fixture *f, gconstpointer data) {
  g_assert_true(accounts_audit(f->accounts, "account:1", "person.show", "00000000000000aa", NULL, NULL));
  g_assert_true(accounts_audit(f->accounts, "cli", "person.erase", "00000000000000bb", "receipt 7", NULL));
  g_autoptr(GPtrArray) list = accounts_audit_list(f->accounts, 0, 10, NULL);
  g_assert_cmpuint(list->len, ==, 2);
  AuditEntry *newest = list->pdata[0];
  g_assert_cmpstr(newest->action, ==, "person.erase");
  g_autoptr(GPtrArray) older = accounts_audit_list(f->accounts, newest->id, 10, NULL);
  g_assert_cmpuint(older->len, ==, 1);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/accounts/" name, Fixture, NULL, set_up, test, tear_down)
  ADD("the first account is made by the newest link, once", test_setup);
  ADD("a session lasts until it is ended", test_session);
  ADD("wrong passwords make everybody wait", test_attempts);
  ADD("there is always an administrator, and a changed role ends sessions", test_roles);
  ADD("the file holds neither passwords nor tokens", test_secrets);
  ADD("the audit lists the newest first", test_audit);
  return g_test_run();
}
