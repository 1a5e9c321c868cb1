/* SPDX-License-Identifier: Apache-2.0
 * variants.h: how often each sequence of codes occurs among millions, most of them different. A sequence is
 * known by its 128-bit hash and by a reference to one place where it stands, so that only the few shown are
 * ever spelled out. About 24 bytes a sequence while counting. */
#pragma once
#include <glib.h>

typedef struct Variants Variants;
typedef struct { /* a distinct sequence */
  guint64 count, ref;
} Variant;

Variants *variants_new(guint n_workers, guint64 expected, gsize budget_bytes);
void variants_free(Variants *variants);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Variants, variants_free)
/* One occurrence. FALSE when memory or the budget has run out. */
gboolean variants_add(Variants *variants, guint worker, const guint32 *codes, guint n, guint64 ref);
/* Counts. Then the most frequent ones are: all of `chosen`, and `ties_wanted` of `ties`, which have all the
 * same count; whoever can spell them out decides which. */
gboolean variants_finish(Variants *variants, guint threads, guint limit, GError **error);
guint64 variants_total(const Variants *variants);        /* distinct ones */
const GArray *variants_chosen(const Variants *variants); /* of Variant, in no order */
const GArray *variants_ties(const Variants *variants);   /* of Variant, in no order */
guint variants_ties_wanted(const Variants *variants);
