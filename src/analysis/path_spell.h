/* SPDX-License-Identifier: Apache-2.0
 * path_spell.h: spells out the most frequent variants. A second walk over the blocks hands in the paths that
 * path_spell_find asks for; of equally frequent ones those whose keys come first are kept, in bounded memory. */
#pragma once
#include "analysis/variants.h"

typedef struct {
  guint64 count;
  guint32 n;
  guint32 *codes;
} Spelled;

/* Compares by the rank of each code; a path that another one continues comes first. */
int path_compare(const guint32 *rank, const guint32 *a, guint32 n_a, const guint32 *b, guint32 n_b);

/* Where a path stands: block (24 bits), person in it (12), unit of the person (28). */
static inline guint64 path_ref(guint block, guint32 person, guint32 unit) {
  return (guint64)block << 40 | (guint64)person << 28 | (unit & 0xFFFFFFF);
}

typedef struct PathSpell PathSpell;
PathSpell *path_spell_new(const Variants *variants, guint n_blocks, guint n_workers, const guint32 *rank); /* borrows all */
void path_spell_free(PathSpell *spell);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PathSpell, path_spell_free)
gboolean path_spell_wants(const PathSpell *spell, guint block);
void path_spell_block(PathSpell *spell, guint worker, guint block, guint n_persons); /* before the block's paths */
/* The variant that the path at `ref` stands for, or NULL: most need not be spelled. */
const Variant *path_spell_find(const PathSpell *spell, guint worker, guint32 person, guint64 ref);
void path_spell_keep(PathSpell *spell, guint worker, const Variant *variant, const guint32 *codes, guint32 n);
/* Of Spelled, most frequent first, equal ones in order of their keys. Call once; free with g_array_unref. */
GArray *path_spell_finish(PathSpell *spell);
