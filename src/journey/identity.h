/* SPDX-License-Identifier: Apache-2.0
 * identity.h: the settings of a record that decide who is who, read once: limits, fields that hold order ids, values
 * that name nobody although events were stored with them. docs/identity.md says what each means. */
#pragma once
#include "record/record.h"

enum { IDENTITY_LINKS_MAX = 100, IDENTITY_SET_SIZE_MAX = 10000, IDENTITY_ORDER_FIELDS_MAX = 8 };

typedef struct Identity { /* immutable */
  const Spaces *spaces;
  HashKey key;
  guint max_links, set_size_max;
  char *order_fields[IDENTITY_ORDER_FIELDS_MAX + 1]; /* as conditions write them: "order", "properties.bill" */
  GHashTable *refused;                               /* hashes (Hash128.low) of identifiers to pass over, or NULL */
  guint64 mark;                                      /* of all that the index depends on: another one, another index */
  guint n_marks;
  guint64 marks[IDENTITY_ORDER_FIELDS_MAX + 1]; /* it had before the last order fields were first seen, `mark` itself at the end */
} Identity;

Identity *identity_read(Record *record);
/* An index with this mark is one by these settings. */
gboolean identity_made(const Identity *identity, guint64 mark);
void identity_free(Identity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Identity, identity_free)

/* Ids of persons. Orders that no person is known for get ids below IDENTITY_NOBODY_END: several may share one, and
 * their events count as those of nobody. 0 is nobody at all. */
#define IDENTITY_NOBODY_END (G_GUINT64_CONSTANT(1) << 32)
static inline guint64 identity_id(guint8 space, guint64 hash) {
  if (space == SPACE_ORDER)
    return MAX(hash >> 32, 1);
  return hash < IDENTITY_NOBODY_END ? hash | G_GUINT64_CONSTANT(1) << 63 : hash;
}
