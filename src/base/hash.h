/* SPDX-License-Identifier: Apache-2.0
 * hash.h: keyed hashes of the project's secret (SipHash-2-4) and plain checksums (xxh3).
 * Whatever a stranger can choose is hashed with the key. */
#pragma once
#include <glib.h>

typedef struct {
  guint8 bytes[16];
} HashKey;

typedef struct {
  guint64 low, high;
} Hash128;

guint64 hash64(const HashKey *key, const void *data, gsize size);
Hash128 hash128(const HashKey *key, const void *data, gsize size); /* low is not hash64() */
guint64 checksum64(const void *data, gsize size);                  /* xxh3, no key */

/* Loads the key file, or creates it with mode 0600 when `create`. ETAPPE_KEY (32 hex digits) replaces
 * it. A file of another length or readable by others is refused with what to do. */
gboolean hash_key_load(HashKey *key, const char *path, gboolean create, GError **error);

/* A fixed permutation of 64 bits, for tables whose keys nobody outside chooses. */
static inline guint64 hash_mix(guint64 x) {
  x ^= x >> 32;
  x *= G_GUINT64_CONSTANT(0xd6e8feb86659fd93);
  x ^= x >> 32;
  x *= G_GUINT64_CONSTANT(0xd6e8feb86659fd93);
  return x ^ (x >> 32);
}
