// SPDX-License-Identifier: Apache-2.0
#include "analysis/path_spell.h"

typedef struct {
  GArray *chosen; /* of Spelled: variants shown for certain */
  GArray *ties;   /* of Spelled: a heap of at most ties_wanted, the last in order on top */
  GArray *wanted; /* of guint32: the block's wanted variants by person: n_persons + 2 offsets, then indexes */
  guint n_persons;
} Worker;

struct PathSpell {
  const guint32 *rank;
  GArray *wanted;        /* of Variant, by block */
  guint32 *wanted_start; /* n_blocks + 2 offsets */
  guint64 tie_count;
  guint ties_wanted;
  guint n_workers;
  Worker *workers;
};

static void spelled_clear(gpointer data) {
  g_free(((Spelled *)data)->codes);
}

static GArray *spelled_new(void) {
  GArray *array = g_array_new(FALSE, FALSE, sizeof(Spelled));
  g_array_set_clear_func(array, spelled_clear);
  return array;
}

int path_compare(const guint32 *rank, const guint32 *a, guint32 n_a, const guint32 *b, guint32 n_b) {
  for (guint32 i = 0; i < MIN(n_a, n_b); i++)
    if (a[i] != b[i])
      return rank[a[i]] < rank[b[i]] ? -1 : 1;
  return (n_a > n_b) - (n_a < n_b);
}

static gint compare_spelled(gconstpointer a, gconstpointer b, gpointer rank) {
  const Spelled *x = a, *y = b;
  if (x->count != y->count)
    return x->count < y->count ? 1 : -1;
  return path_compare(rank, x->codes, x->n, y->codes, y->n);
}

/* Puts the variants that may be shown in order of their block (counting sort). */
static void order_wanted(PathSpell *spell, const GArray *const lists[2], guint n_blocks) {
  spell->wanted_start = g_new0(guint32, n_blocks + 2);
  spell->wanted = g_array_new(FALSE, FALSE, sizeof(Variant));
  g_array_set_size(spell->wanted, lists[0]->len + lists[1]->len);
  for (guint list = 0; list < 2; list++)
    for (guint i = 0; i < lists[list]->len; i++)
      spell->wanted_start[(g_array_index(lists[list], Variant, i).ref >> 40) + 2]++;
  for (guint i = 2; i < n_blocks + 2; i++)
    spell->wanted_start[i] += spell->wanted_start[i - 1];
  for (guint list = 0; list < 2; list++)
    for (guint i = 0; i < lists[list]->len; i++) {
      const Variant *variant = &g_array_index(lists[list], Variant, i);
      g_array_index(spell->wanted, Variant, spell->wanted_start[(variant->ref >> 40) + 1]++) = *variant;
    }
}

PathSpell *path_spell_new(const Variants *variants, guint n_blocks, guint n_workers, const guint32 *rank) {
  PathSpell *spell = g_new0(PathSpell, 1);
  const GArray *lists[2] = {variants_chosen(variants), variants_ties(variants)};
  spell->rank = rank;
  spell->ties_wanted = variants_ties_wanted(variants);
  spell->tie_count = spell->ties_wanted ? g_array_index(lists[1], Variant, 0).count : 0;
  order_wanted(spell, lists, n_blocks);
  spell->n_workers = n_workers;
  spell->workers = g_new0(Worker, n_workers);
  for (guint i = 0; i < n_workers; i++) {
    spell->workers[i].chosen = spelled_new();
    spell->workers[i].ties = spelled_new();
    spell->workers[i].wanted = g_array_new(FALSE, TRUE, sizeof(guint32));
  }
  return spell;
}

void path_spell_free(PathSpell *spell) {
  if (!spell)
    return;
  for (guint i = 0; i < spell->n_workers; i++) {
    g_array_unref(spell->workers[i].chosen);
    g_array_unref(spell->workers[i].ties);
    g_array_unref(spell->workers[i].wanted);
  }
  g_free(spell->workers);
  g_array_unref(spell->wanted);
  g_free(spell->wanted_start);
  g_free(spell);
}

gboolean path_spell_wants(const PathSpell *spell, guint block) {
  return spell->wanted_start[block] < spell->wanted_start[block + 1];
}

static guint32 person_of(const PathSpell *spell, guint32 index) {
  return (guint32)(g_array_index(spell->wanted, Variant, index).ref >> 28 & 0xFFF);
}

void path_spell_block(PathSpell *spell, guint worker, guint block, guint n_persons) {
  GArray *wanted = spell->workers[worker].wanted;
  guint32 from = spell->wanted_start[block], to = spell->wanted_start[block + 1];
  spell->workers[worker].n_persons = n_persons;
  g_array_set_size(wanted, 0);
  g_array_set_size(wanted, n_persons + 2 + (to - from));
  guint32 *start = (guint32 *)(void *)wanted->data, *index = start + n_persons + 2;
  for (guint32 i = from; i < to; i++)
    start[person_of(spell, i) + 2]++;
  for (guint32 p = 2; p < n_persons + 2; p++)
    start[p] += start[p - 1];
  for (guint32 i = from; i < to; i++)
    index[start[person_of(spell, i) + 1]++] = i;
}

const Variant *path_spell_find(const PathSpell *spell, guint worker, guint32 person, guint64 ref) {
  const guint32 *start = (const guint32 *)(const void *)spell->workers[worker].wanted->data;
  const guint32 *index = start + spell->workers[worker].n_persons + 2;
  for (guint32 i = start[person]; i < start[person + 1]; i++) {
    const Variant *variant = &g_array_index(spell->wanted, Variant, index[i]);
    if (variant->ref == ref)
      return variant;
  }
  return NULL;
}

/* Restores a heap whose element `at` may be too large for its place (upwards) or too small (downwards). */
static void heap_fix(const PathSpell *spell, GArray *heap, guint at) {
  Spelled *all = (Spelled *)(void *)heap->data, moved = all[at];
  gpointer rank = (gpointer)spell->rank;
  while (at > 0 && compare_spelled(&all[(at - 1) / 2], &moved, rank) < 0) {
    all[at] = all[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  for (guint child; (child = at * 2 + 1) < heap->len; at = child) {
    if (child + 1 < heap->len && compare_spelled(&all[child], &all[child + 1], rank) < 0)
      child++;
    if (compare_spelled(&all[child], &moved, rank) <= 0)
      break;
    all[at] = all[child];
  }
  all[at] = moved;
}

static void keep_tie(const PathSpell *spell, GArray *heap, const guint32 *codes, guint32 n) {
  gboolean full = heap->len == spell->ties_wanted;
  Spelled *top = (Spelled *)(void *)heap->data;
  if (full && path_compare(spell->rank, codes, n, top->codes, top->n) >= 0)
    return;
  Spelled spelled = {spell->tie_count, n, g_memdup2(codes, n * sizeof *codes)};
  if (full) {
    g_free(top->codes);
    *top = spelled;
    heap_fix(spell, heap, 0);
  } else {
    g_array_append_val(heap, spelled);
    heap_fix(spell, heap, heap->len - 1);
  }
}

void path_spell_keep(PathSpell *spell, guint worker, const Variant *variant, const guint32 *codes, guint32 n) {
  if (variant->count == spell->tie_count) {
    keep_tie(spell, spell->workers[worker].ties, codes, n);
    return;
  }
  Spelled spelled = {variant->count, n, g_memdup2(codes, n * sizeof *codes)};
  g_array_append_val(spell->workers[worker].chosen, spelled);
}

/* The codes belong to `into` afterwards. */
static void move_all(GArray *into, GArray *from) {
  g_array_append_vals(into, from->data, from->len);
  g_array_set_clear_func(from, NULL);
}

GArray *path_spell_finish(PathSpell *spell) {
  GArray *all = spelled_new(), *ties = spelled_new();
  for (guint i = 0; i < spell->n_workers; i++) {
    move_all(all, spell->workers[i].chosen);
    move_all(ties, spell->workers[i].ties);
  }
  g_array_sort_with_data(ties, compare_spelled, (gpointer)spell->rank);
  if (ties->len > spell->ties_wanted)
    g_array_set_size(ties, spell->ties_wanted);
  move_all(all, ties);
  g_array_unref(ties);
  g_array_sort_with_data(all, compare_spelled, (gpointer)spell->rank);
  return all;
}
