/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include "base/error.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { HEX_SIZE = 2 * sizeof(HashKey) };
G_STATIC_ASSERT(sizeof(HashKey) == crypto_shorthash_KEYBYTES);
G_STATIC_ASSERT(sizeof(Hash128) == crypto_shorthash_siphashx24_BYTES);

guint64 hash64(const HashKey *key, const void *data, gsize size) {
  guint64 hash;
  crypto_shorthash((unsigned char *)&hash, data, size, key->bytes);
  return GUINT64_FROM_LE(hash);
}

Hash128 hash128(const HashKey *key, const void *data, gsize size) {
  guint64 halves[2];
  crypto_shorthash_siphashx24((unsigned char *)halves, data, size, key->bytes);
  return (Hash128){GUINT64_FROM_LE(halves[0]), GUINT64_FROM_LE(halves[1])};
}

guint64 checksum64(const void *data, gsize size) {
  return XXH3_64bits(data, size);
}

static gboolean key_from_hex(HashKey *key, const char *hex, gsize size) {
  HashKey read;
  gsize length = 0;
  if (size != HEX_SIZE || sodium_hex2bin(read.bytes, sizeof read.bytes, hex, size, NULL, &length, NULL) != 0 ||
      length != sizeof read.bytes)
    return FALSE;
  *key = read;
  return TRUE;
}

static gboolean key_read(HashKey *key, int descriptor, const char *path, GError **error) {
  struct stat facts;
  if (fstat(descriptor, &facts) != 0)
    return error_set_errno(error, errno, path);
  if (!S_ISREG(facts.st_mode))
    return error_set(error, ERROR_INVALID, "%s is not a file, so it cannot hold the project's key", path);
  if (facts.st_mode & 077)
    return error_set(error, ERROR_FORBIDDEN, "the key %s can be read by others (mode %03o)\nhint: chmod 600 %s", path,
                     (guint)(facts.st_mode & 0777), path);
  char text[HEX_SIZE + 2]; /* digits, a newline, and room to notice more */
  ssize_t size = read(descriptor, text, sizeof text);
  if (size < 0)
    return error_set_errno(error, errno, path);
  if (size > 0 && text[size - 1] == '\n')
    size--;
  gboolean good = key_from_hex(key, text, (gsize)size);
  sodium_memzero(text, sizeof text);
  return good ||
         error_set(error, ERROR_DAMAGED,
                   "%s does not hold a key (32 hexadecimal digits)\nhint: put back the key that was made with this project; "
                   "with another one nobody is recognised again",
                   path);
}

/* Written whole under another name and then put in place without replacing, so that two processes that
 * both make a key end up with one, and a crash leaves none or a complete one. */
static gboolean key_create(const char *path, GError **error) {
  HashKey key;
  char hex[HEX_SIZE + 2];
  if (getrandom(key.bytes, sizeof key.bytes, 0) != sizeof key.bytes)
    return error_set_errno(error, errno, "making the project's key");
  sodium_bin2hex(hex, sizeof hex, key.bytes, sizeof key.bytes);
  hex[HEX_SIZE] = '\n';
  g_autofree char *fresh = g_strdup_printf("%s.%d", path, (int)getpid());
  gboolean written = file_replace(fresh, hex, HEX_SIZE + 1, error);
  sodium_memzero(&key, sizeof key);
  sodium_memzero(hex, sizeof hex);
  if (!written)
    return FALSE;
  if (file_rename_new(fresh, path, error))
    return TRUE;
  unlink(fresh);
  return FALSE;
}

gboolean hash_key_load(HashKey *key, const char *path, gboolean create, GError **error) {
  const char *given = g_getenv("ETAPPE_KEY");
  if (given)
    return key_from_hex(key, given, strlen(given)) || error_set(error, ERROR_INVALID, "ETAPPE_KEY must be 32 hexadecimal digits");
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0 && errno == ENOENT && create) {
    g_autoptr(GError) conflict = NULL;
    if (!key_create(path, &conflict) && !g_error_matches(conflict, ETAPPE_ERROR, ERROR_CONFLICT)) {
      g_propagate_error(error, g_steal_pointer(&conflict));
      return FALSE;
    }
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  }
  if (descriptor < 0 && errno == ENOENT)
    return error_set(error, ERROR_NOT_FOUND,
                     "the project's key %s is missing\nhint: put it back from where you keep it; "
                     "a backup does not contain it",
                     path);
  if (descriptor < 0)
    return error_set_errno(error, errno, path);
  gboolean good = key_read(key, descriptor, path, error);
  close(descriptor);
  return good;
}
