/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <gio/gio.h>

static void test_sets(void) {
  g_autoptr(GError) error = NULL;
  g_assert_false(error_set(&error, ERROR_INVALID, "row %d", 3));
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  g_assert_cmpstr(error->message, ==, "row 3");
  g_assert_false(error_set(NULL, ERROR_INVALID, "nobody asks"));
}

static void test_kinds(void) {
  static const struct {
    ErrorCode code;
    const char *name;
    int exit_code;
    unsigned status;
  } rows[] = {{ERROR_USAGE, "usage", 2, 400},         {ERROR_INVALID, "invalid", 1, 400},
              {ERROR_NOT_FOUND, "not_found", 1, 404}, {ERROR_CONFLICT, "conflict", 1, 409},
              {ERROR_BUSY, "busy", 1, 503},           {ERROR_VERSION, "version", 1, 500},
              {ERROR_DAMAGED, "damaged", 1, 500},     {ERROR_IO, "io", 1, 500},
              {ERROR_FULL, "full", 1, 507},           {ERROR_LIMIT, "limit", 1, 413},
              {ERROR_CANCELLED, "cancelled", 1, 503}, {ERROR_FORBIDDEN, "forbidden", 1, 403}};
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = g_error_new_literal(ETAPPE_ERROR, (int)rows[i].code, "x");
    g_assert_cmpstr(error_name(error), ==, rows[i].name);
    g_assert_cmpint(error_exit_code(error), ==, rows[i].exit_code);
    g_assert_cmpuint(error_http_status(error), ==, rows[i].status);
  }
}

static void test_foreign(void) {
  g_autoptr(GError) error = g_error_new_literal(G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "x");
  g_assert_cmpstr(error_name(error), ==, "failed");
  g_assert_cmpint(error_exit_code(error), ==, 1);
  g_assert_cmpuint(error_http_status(error), ==, 500);
}

static void test_errno(void) {
  g_autoptr(GError) full = NULL, other = NULL;
  g_assert_false(error_set_errno(&full, ENOSPC, "writing shop.db"));
  g_assert_error(full, ETAPPE_ERROR, ERROR_FULL);
  g_assert_true(g_str_has_prefix(full->message, "writing shop.db: "));
  g_assert_false(error_set_errno(&other, EACCES, "opening shop.db"));
  g_assert_error(other, ETAPPE_ERROR, ERROR_IO);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/error/sets a formatted message", test_sets);
  g_test_add_func("/error/each kind has its name, exit code and status", test_kinds);
  g_test_add_func("/error/errors of other libraries are plain failures", test_foreign);
  g_test_add_func("/error/no space left is told apart", test_errno);
  return g_test_run();
}
