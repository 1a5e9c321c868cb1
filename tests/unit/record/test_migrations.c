/* SPDX-License-Identifier: Apache-2.0 */
#include "record/migrations.h"

#include "base/file.h"
#include "record/database.h"

static const Migration steps[] = {
    {1, "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1)"},
    {2, "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7"},
    {3, "UPDATE a SET y = y + 1; CREATE TABLE b (z INTEGER)"},
};
static const Migration broken[] = {
    {1, "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1)"},
    {2, "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7"},
    {3, "UPDATE a SET y = y + 1; UPDATE missing SET z = 1"},
};

static sqlite3 *open_memory(void) {
  sqlite3 *db;
  g_assert_cmpint(sqlite3_open(":memory:", &db), ==, SQLITE_OK);
  return db;
}

static gint64 ask(sqlite3 *db, const char *sql) {
  gint64 value;
  g_assert_true(database_int(db, &value, -1, NULL, sql, ""));
  return value;
}

static guint version_of(sqlite3 *db) {
  guint version;
  g_assert_true(migrations_version(db, &version, NULL));
  return version;
}

static void test_steps(void) {
  g_autoptr(sqlite3) db = open_memory();
  g_autoptr(GError) error = NULL;
  g_assert_cmpuint(version_of(db), ==, 0);
  migrations_apply(db, steps, 1, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(version_of(db), ==, 1);
  migrations_apply(db, steps, 3, &error); /* what an older program left */
  g_assert_no_error(error);
  g_assert_cmpuint(version_of(db), ==, 3);
  g_assert_cmpint(ask(db, "SELECT y FROM a WHERE x = 1"), ==, 8);
  migrations_apply(db, steps, 3, &error);
  g_assert_no_error(error);
  g_assert_cmpint(ask(db, "SELECT y FROM a WHERE x = 1"), ==, 8);
}

static void test_failing_step(void) {
  g_autoptr(sqlite3) db = open_memory();
  g_autoptr(GError) error = NULL;
  g_assert_true(migrations_apply(db, steps, 1, NULL));
  g_assert_false(migrations_apply(db, broken, 3, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_IO);
  g_assert_cmpuint(version_of(db), ==, 1);
  g_assert_cmpint(ask(db, "SELECT count(*) FROM pragma_table_info('a')"), ==, 1);
}

static void test_newer(void) {
  g_autoptr(sqlite3) db = open_memory();
  g_autoptr(GError) error = NULL;
  g_assert_true(migrations_apply(db, steps, 3, NULL));
  g_assert_false(migrations_apply(db, steps, 2, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_VERSION);
  g_assert_nonnull(strstr(error->message, "version 3"));
  g_assert_nonnull(strstr(error->message, "up to 2"));
}

static void test_inside_a_transaction(void) {
  g_autoptr(sqlite3) db = open_memory();
  g_assert_true(database_begin(db, NULL));
  g_assert_true(migrations_apply(db, steps, 3, NULL));
  database_roll_back(db);
  g_assert_cmpuint(version_of(db), ==, 0);
}

static void test_real_ones(void) {
  guint n;
  const Migration *all = migrations_all(&n);
  g_autoptr(sqlite3) db = open_memory();
  g_autoptr(GError) error = NULL;
  for (guint i = 0; i < n; i++) {
    g_assert_cmpuint(all[i].version, ==, i + 1);
    migrations_apply(db, all, i + 1, &error);
    g_assert_no_error(error);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/migrations/an older record is brought up step by step", test_steps);
  g_test_add_func("/migrations/a step that fails leaves everything as it was", test_failing_step);
  g_test_add_func("/migrations/a newer record is refused with both versions", test_newer);
  g_test_add_func("/migrations/they join a transaction that is open", test_inside_a_transaction);
  g_test_add_func("/migrations/those of the record run one by one", test_real_ones);
  return g_test_run();
}
