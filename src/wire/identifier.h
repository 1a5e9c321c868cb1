/* SPDX-License-Identifier: Apache-2.0
 * identifier.h: what names a person on the wire: a namespace and a value, normalised,
 * and its keyed 128-bit hash, whose first half is the public 16-hex-digit form. */
#pragma once
#include "base/hash.h"
#include "base/text.h"

typedef enum { STRENGTH_DEVICE, STRENGTH_WEAK, STRENGTH_STRONG } Strength;

/* Built-in namespaces by code; own ones follow, up to SPACES_MAX. */
enum { SPACE_USER, SPACE_CRM, SPACE_CARD, SPACE_EMAIL, SPACE_PHONE, SPACE_ANONYMOUS, SPACE_DEVICE, SPACES_BUILT_IN };
enum { SPACES_MAX = 64, SPACE_NAME_MAX = 63, IDENTIFIER_SIZE_MAX = 512 };

/* Order ids: no event is stored with one as an identifier, the index reads them from the fields that the goals name.
 * Weak, and behind all others; its code is the last one, whatever others are declared. */
enum { SPACE_ORDER = SPACES_MAX - 1, SPACES_OWN_END = SPACE_ORDER };

typedef struct {
  char *name; /* "user" */
  Strength strength;
  guint8 rank;    /* 0 owns first: user, crm, card, own strong; then email, phone, own weak; then devices */
  gboolean plain; /* value kept readable; else only its hash */
} Space;

typedef struct { /* immutable once built */
  Space spaces[SPACES_MAX];
  guint n_spaces;                        /* without SPACE_ORDER */
  char phone_country[4];                 /* "49": read into national numbers (0171 ...); empty: those keep their digits */
  GHashTable *refused;                   /* trimmed values that name nobody, lower case */
  guint64 refused_sizes, refused_firsts; /* a bit a size and a bit a first letter, so that few values are looked up */
} Spaces;

Spaces *spaces_new(void); /* the built-in ones and the standard refusals */
void spaces_free(Spaces *spaces);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Spaces, spaces_free)
gboolean spaces_add(Spaces *spaces, const char *name, Strength strength, gboolean plain, GError **error);
void spaces_refuse(Spaces *spaces, const char *value); /* the project's own "test", "guest", ... */
int spaces_find(const Spaces *spaces, Text name);      /* code or -1 */

typedef struct {
  guint8 space;
  Text value;   /* normalised; empty when only the hash is known */
  Hash128 hash; /* of "space\0value" with the project's key; .low is the id shown */
} Identifier;

/* Normalises (e-mail lower case and trimmed, phone E.164, card keeps its zeros, others trimmed) and hashes.
 * An e-mail is hashed through its SHA-256, so that one that arrives as 64 hex digits is the same identifier.
 * About 60 ns, an e-mail 400. `scratch` (IDENTIFIER_SIZE_MAX bytes)
 * holds the normalised value and must live as long as the identifier. FALSE when the value names nobody
 * (refused list) or is too long; *why says which, as a static sentence. */
gboolean identifier_make(Identifier *identifier, const Spaces *spaces, const HashKey *key, guint8 space, Text raw, char *scratch,
                         const char **why);

/* The hash that identifier_make() gives a value which is in normal form already (at most IDENTIFIER_SIZE_MAX bytes):
 * for whoever kept only the value. */
Hash128 identifier_hash(const Spaces *spaces, const HashKey *key, guint8 space, Text normal);
