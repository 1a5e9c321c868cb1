/* SPDX-License-Identifier: Apache-2.0
 * SipHash-2-4's own test vectors: key 00 01 ... 0f, message 00 01 ... 0e (15 bytes). */
#include "base/hash.h"

#include "base/error.h"
#include "base/file.h"
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static const guint8 message[15] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
static const HashKey vector_key = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};

static void test_vectors(void) {
  g_assert_cmphex(hash64(&vector_key, message, sizeof message), ==, G_GUINT64_CONSTANT(0xa129ca6149be45e5));
  static const guint8 empty[16] = {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93};
  Hash128 hash = hash128(&vector_key, "", 0);
  guint64 halves[2] = {GUINT64_TO_LE(hash.low), GUINT64_TO_LE(hash.high)};
  g_assert_cmpmem(halves, sizeof halves, empty, sizeof empty);
}

static void test_key_matters(void) {
  HashKey other = {{1}};
  g_assert_cmphex(hash64(&vector_key, "anna", 4), !=, hash64(&other, "anna", 4));
  g_assert_cmphex(hash128(&vector_key, "anna", 4).low, !=, hash64(&vector_key, "anna", 4));
}

static void test_checksum(void) {
  g_assert_cmphex(checksum64("", 0), ==, G_GUINT64_CONSTANT(0x2d06800538d394c2)); /* XXH3's published value */
}

static void test_mix_is_a_permutation(void) {
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  for (guint64 i = 0; i < 100000; i++) {
    gint64 *mixed = g_new(gint64, 1);
    *mixed = (gint64)hash_mix(i << 20);
    g_assert_true(g_hash_table_add(seen, mixed));
  }
}

typedef struct {
  char *folder, *path;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
  f->folder = g_dir_make_tmp("etappe-hash-XXXXXX", NULL);
  f->path = g_build_filename(f->folder, "shop.key", NULL);
}

static void tear_down(Fixture *f, gconstpointer unused) {
  g_assert_true(file_remove_folder(f->folder, NULL));
  g_free(f->folder);
  g_free(f->path);
}

static void test_key_made_once(Fixture *f, gconstpointer unused) {
  HashKey first, again;
  struct stat facts;
  g_autoptr(GError) missing = NULL;
  g_assert_false(hash_key_load(&first, f->path, FALSE, &missing));
  g_assert_error(missing, ETAPPE_ERROR, ERROR_NOT_FOUND);
  g_assert_true(hash_key_load(&first, f->path, TRUE, NULL));
  g_assert_true(hash_key_load(&again, f->path, TRUE, NULL));
  g_assert_cmpmem(&first, sizeof first, &again, sizeof again);
  g_assert_cmpint(stat(f->path, &facts), ==, 0);
  g_assert_cmpuint(facts.st_mode & 0777, ==, 0600);
}

static void test_two_keys_differ(Fixture *f, gconstpointer unused) {
  HashKey first, second;
  g_assert_true(hash_key_load(&first, f->path, TRUE, NULL));
  g_unlink(f->path);
  g_assert_true(hash_key_load(&second, f->path, TRUE, NULL));
  g_assert_cmpint(memcmp(&first, &second, sizeof first), !=, 0);
}

static void test_key_in_hex(Fixture *f, gconstpointer unused) {
  HashKey key;
  g_assert_true(file_replace(f->path, "000102030405060708090A0b0c0d0e0f\n", 33, NULL));
  g_assert_true(hash_key_load(&key, f->path, FALSE, NULL));
  g_assert_cmpmem(&key, sizeof key, &vector_key, sizeof vector_key);
}

static void test_bad_keys(Fixture *f, gconstpointer unused) {
  static const char *const bad[] = {"", "000102030405060708090a0b0c0d0e0", "000102030405060708090a0b0c0d0e0f0",
                                    "000102030405060708090a0b0c0d0e0g", "000102030405060708090a0b0c0d0e0f\n\n"};
  for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
    HashKey key;
    g_autoptr(GError) error = NULL;
    g_assert_true(file_replace(f->path, bad[i], strlen(bad[i]), NULL));
    g_assert_false(hash_key_load(&key, f->path, TRUE, &error));
    g_assert_error(error, ETAPPE_ERROR, ERROR_DAMAGED);
  }
}

static void test_open_key(Fixture *f, gconstpointer unused) {
  HashKey key;
  g_autoptr(GError) error = NULL;
  g_assert_true(hash_key_load(&key, f->path, TRUE, NULL));
  g_assert_cmpint(g_chmod(f->path, 0640), ==, 0);
  g_assert_false(hash_key_load(&key, f->path, TRUE, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_FORBIDDEN);
  g_assert_nonnull(strstr(error->message, "chmod 600"));
}

static void test_key_from_environment(Fixture *f, gconstpointer unused) {
  HashKey key;
  g_autoptr(GError) error = NULL;
  g_setenv("ETAPPE_KEY", "000102030405060708090a0b0c0d0e0f", TRUE);
  g_assert_true(hash_key_load(&key, f->path, FALSE, NULL));
  g_assert_cmpmem(&key, sizeof key, &vector_key, sizeof vector_key);
  g_setenv("ETAPPE_KEY", "short", TRUE);
  g_assert_false(hash_key_load(&key, f->path, FALSE, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  g_unsetenv("ETAPPE_KEY");
}

int main(int argc, char **argv) {
  g_unsetenv("ETAPPE_KEY");
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/hash/gives SipHash's published values", test_vectors);
  g_test_add_func("/hash/another key gives another hash", test_key_matters);
  g_test_add_func("/hash/checksum is XXH3", test_checksum);
  g_test_add_func("/hash/mixing loses nothing", test_mix_is_a_permutation);
  g_test_add("/hash/a key is made once, for its owner only", Fixture, NULL, set_up, test_key_made_once, tear_down);
  g_test_add("/hash/each key is another", Fixture, NULL, set_up, test_two_keys_differ, tear_down);
  g_test_add("/hash/a key file holds 32 hex digits", Fixture, NULL, set_up, test_key_in_hex, tear_down);
  g_test_add("/hash/a damaged key is refused, never replaced", Fixture, NULL, set_up, test_bad_keys, tear_down);
  g_test_add("/hash/a key that others can read is refused", Fixture, NULL, set_up, test_open_key, tear_down);
  g_test_add("/hash/ETAPPE_KEY replaces the file", Fixture, NULL, set_up, test_key_from_environment, tear_down);
  return g_test_run();
}
