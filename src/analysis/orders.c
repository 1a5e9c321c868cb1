// SPDX-License-Identifier: Apache-2.0
// A table from (goal, order) to the first row seen, and a chain from there to the rows of other persons: nearly all orders
// have one. What is asked later concerns few orders, so it is kept apart in small sets.
#include "analysis/orders.h"
#include "base/error.h"
#include "base/hash.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = G_MAXUINT32, ROWS_MAX = 1 << 30, PERSONS_MAX = 64 /* of one order; what more have is no order id */ };

typedef struct {
  guint64 order, person, row;
  gint64 time_ms;
  guint32 goal;
  guint32 next; /* of the same order, another person */
} Seen;

typedef struct { /* of one worker */
  Seen *seen;
  gsize n_seen, seen_size;
  GArray *told; /* of OrderTold */
} Part;

struct Orders {
  atomic_uint references;
  Part *parts;
  guint n_parts;
  Seen *seen; /* of all, while settling */
  guint32 *slots;
  gsize mask;
  GHashTable *conflicts, *claimed; /* of guint64: key_of */
  GArray *told;                    /* of OrderTold: changes to others, by person, time and row */
  OrderChange *changes;            /* the same, side by side */
  guint64 unmatched;
};

Orders *orders_new(guint workers) {
  Orders *orders = g_new0(Orders, 1);
  atomic_init(&orders->references, 1);
  orders->parts = g_new0(Part, workers);
  orders->n_parts = workers;
  for (guint i = 0; i < workers; i++)
    orders->parts[i].told = g_array_new(FALSE, FALSE, sizeof(OrderTold));
  orders->conflicts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  orders->claimed = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  orders->told = g_array_new(FALSE, FALSE, sizeof(OrderTold));
  return orders;
}

static void clear_parts(Orders *orders) {
  for (guint i = 0; i < orders->n_parts; i++) {
    g_free(orders->parts[i].seen);
    g_array_unref(orders->parts[i].told);
  }
  g_clear_pointer(&orders->parts, g_free);
  orders->n_parts = 0;
}

Orders *orders_ref(Orders *orders) {
  atomic_fetch_add(&orders->references, 1);
  return orders;
}

void orders_unref(Orders *orders) {
  if (orders == NULL || atomic_fetch_sub(&orders->references, 1) != 1)
    return;
  clear_parts(orders);
  g_free(orders->seen);
  g_free(orders->slots);
  g_free(orders->changes);
  g_hash_table_unref(orders->conflicts);
  g_hash_table_unref(orders->claimed);
  g_array_unref(orders->told);
  g_free(orders);
}

static guint64 key_of(guint32 goal, guint64 order) {
  return hash_mix(order ^ hash_mix((guint64)goal + 1));
}

/* --- gathering --------------------------------------------------------------------------------- */

static gboolean no_memory(GError **error) {
  return error_set(error, ERROR_LIMIT, "no memory to match orders across persons");
}

static gboolean seen_reserve(Part *part, gsize more) {
  if (part->n_seen + more <= part->seen_size)
    return TRUE;
  gsize size = MAX(part->seen_size * 2, part->n_seen + more + 1024);
  Seen *grown = g_try_realloc_n(part->seen, size, sizeof *grown);
  if (grown == NULL)
    return FALSE;
  part->seen = grown;
  part->seen_size = size;
  return TRUE;
}

gboolean orders_add(Orders *orders, guint worker, const OrderRows *rows, GError **error) {
  Part *part = &orders->parts[worker];
  if (!seen_reserve(part, rows->n_rows) || part->told->len + (gsize)rows->n_told >= ROWS_MAX / sizeof(OrderTold))
    return no_memory(error);
  for (guint i = 0; i < rows->n_rows; i++) {
    const OrderRow *row = &rows->rows[i];
    if (row->order)
      part->seen[part->n_seen++] = (Seen){row->order, row->person, row->row, row->time_ms, row->goal, NONE};
  }
  g_array_append_vals(part->told, rows->told, rows->n_told);
  return TRUE;
}

/* --- settling ---------------------------------------------------------------------------------- */

static gboolean gather(Orders *orders, gsize *n, GError **error) {
  *n = 0;
  for (guint i = 0; i < orders->n_parts; i++)
    *n += orders->parts[i].n_seen;
  gsize size = 1024;
  while (size < *n * 2)
    size *= 2;
  orders->seen = *n < ROWS_MAX ? g_try_new(Seen, *n + 1) : NULL;
  orders->slots = g_try_new0(guint32, size);
  orders->mask = size - 1;
  if (orders->seen == NULL || orders->slots == NULL)
    return no_memory(error);
  gsize at = 0;
  for (guint i = 0; i < orders->n_parts; i++) {
    Part *part = &orders->parts[i];
    if (part->n_seen)
      memcpy(orders->seen + at, part->seen, part->n_seen * sizeof(Seen));
    at += part->n_seen;
    g_clear_pointer(&part->seen, g_free);
  }
  return TRUE;
}

/* The slot of the order, empty (0) when it is unknown; else number + 1 of its first row. */
static guint32 *slot_of(const Orders *orders, guint32 goal, guint64 order) {
  gsize at = key_of(goal, order) & orders->mask;
  for (; orders->slots[at]; at = (at + 1) & orders->mask) {
    const Seen *seen = &orders->seen[orders->slots[at] - 1];
    if (seen->order == order && seen->goal == goal)
      break;
  }
  return &orders->slots[at];
}

static gboolean is_before(const Seen *a, const Seen *b) {
  return a->time_ms != b->time_ms ? a->time_ms < b->time_ms : a->row < b->row;
}

/* One entry a person, with that person's earliest row. */
static void chain_seen(Orders *orders, guint32 number) {
  Seen *one = &orders->seen[number];
  guint32 *slot = slot_of(orders, one->goal, one->order);
  if (*slot == 0) {
    *slot = number + 1;
    return;
  }
  guint32 at = *slot - 1;
  for (guint persons = 1; persons < PERSONS_MAX; persons++, at = orders->seen[at].next) {
    Seen *other = &orders->seen[at];
    if (other->person == one->person) {
      if (is_before(one, other)) {
        other->time_ms = one->time_ms;
        other->row = one->row;
      }
      return;
    }
    if (other->next == NONE) {
      other->next = number;
      return;
    }
  }
}

static void set_add(GHashTable *set, guint64 key) {
  g_hash_table_add(set, g_memdup2(&key, sizeof key));
}

static void judge_chain(Orders *orders, guint32 first) {
  guint persons = 0;
  gboolean nobody = FALSE;
  for (guint32 at = first; at != NONE; at = orders->seen[at].next) {
    persons += orders->seen[at].person != 0;
    nobody |= orders->seen[at].person == 0;
  }
  guint64 key = key_of(orders->seen[first].goal, orders->seen[first].order);
  if (persons > 1)
    set_add(orders->conflicts, key);
  if (persons && nobody)
    set_add(orders->claimed, key);
}

/* Whose conversion the change is about: its own person's (0 then: found there), else the earliest one's. */
static guint64 owner_of(Orders *orders, const OrderTold *told, gboolean *known) {
  const Seen *best = NULL;
  guint persons = 0;
  guint32 slot = told->change.order ? *slot_of(orders, told->change.goal, told->change.order) : 0;
  *known = slot != 0;
  for (guint32 at = slot - 1; slot && at != NONE; at = orders->seen[at].next) {
    const Seen *one = &orders->seen[at];
    if ((one->person && one->person == told->person) || ++persons == PERSONS_MAX)
      return 0;
    if (one->person && (best == NULL || is_before(one, best)))
      best = one;
  }
  return best ? best->person : 0;
}

static int compare_told(gconstpointer a, gconstpointer b) {
  const OrderTold *x = a, *y = b;
  if (x->person != y->person)
    return x->person < y->person ? -1 : 1;
  if (x->change.time_ms != y->change.time_ms)
    return x->change.time_ms < y->change.time_ms ? -1 : 1;
  if (x->change.row != y->change.row)
    return x->change.row < y->change.row ? -1 : 1;
  return (x->change.goal > y->change.goal) - (x->change.goal < y->change.goal);
}

static void settle_changes(Orders *orders) {
  for (guint i = 0; i < orders->n_parts; i++)
    for (guint t = 0; t < orders->parts[i].told->len; t++) {
      OrderTold told = g_array_index(orders->parts[i].told, OrderTold, t);
      gboolean known;
      told.person = owner_of(orders, &told, &known);
      orders->unmatched += !known;
      if (told.person)
        g_array_append_val(orders->told, told);
    }
  g_array_sort(orders->told, compare_told);
  orders->changes = g_new(OrderChange, (gsize)orders->told->len + 1);
  for (guint i = 0; i < orders->told->len; i++)
    orders->changes[i] = g_array_index(orders->told, OrderTold, i).change;
}

gboolean orders_settle(Orders *orders, GError **error) {
  gsize n;
  if (!gather(orders, &n, error))
    return FALSE;
  for (guint32 i = 0; i < n; i++)
    chain_seen(orders, i);
  for (gsize s = 0; s <= orders->mask; s++)
    if (orders->slots[s] && orders->seen[orders->slots[s] - 1].next != NONE)
      judge_chain(orders, orders->slots[s] - 1);
  settle_changes(orders);
  clear_parts(orders);
  g_clear_pointer(&orders->seen, g_free);
  g_clear_pointer(&orders->slots, g_free);
  return TRUE;
}

/* --- asking ------------------------------------------------------------------------------------ */

static gboolean set_has(GHashTable *set, guint32 goal, guint64 order) {
  guint64 key = key_of(goal, order);
  return order && g_hash_table_size(set) && g_hash_table_contains(set, &key);
}

gboolean orders_conflict(const Orders *orders, guint32 goal, guint64 order) {
  return set_has(orders->conflicts, goal, order);
}

gboolean orders_claimed(const Orders *orders, guint32 goal, guint64 order) {
  return set_has(orders->claimed, goal, order);
}

const OrderChange *orders_changes(const Orders *orders, guint64 person, guint *n) {
  guint low = 0, high = orders->told->len;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (g_array_index(orders->told, OrderTold, middle).person < person)
      low = middle + 1;
    else
      high = middle;
  }
  for (*n = 0; low + *n < orders->told->len && g_array_index(orders->told, OrderTold, low + *n).person == person; ++*n)
    ;
  return orders->changes + low;
}

gboolean orders_any_changes(const Orders *orders) {
  return orders->told->len > 0;
}

gboolean orders_any(const Orders *orders) {
  return orders->told->len > 0 || g_hash_table_size(orders->conflicts) > 0 || g_hash_table_size(orders->claimed) > 0;
}

static guint64 change_checksum(const OrderChange *change) {
  guint64 parts[] = {change->order, change->row, (guint64)change->time_ms, (guint64)change->value, change->goal,
                     change->kind,  change->all};
  return checksum64(parts, sizeof parts);
}

guint64 orders_answers(const Orders *orders, const OrderRows *rows) {
  guint64 answers = 0;
  for (guint i = 0; i < rows->n_rows; i++) {
    const OrderRow *row = &rows->rows[i];
    guint64 judged = orders_conflict(orders, row->goal, row->order) | orders_claimed(orders, row->goal, row->order) << 1;
    if (judged)
      answers = hash_mix(answers ^ row->row ^ judged << 62);
    guint n = 0;
    const OrderChange *changes = row->person && orders_any_changes(orders) ? orders_changes(orders, row->person, &n) : NULL;
    for (guint c = 0; c < n; c++)
      answers = hash_mix(answers ^ change_checksum(&changes[c]));
  }
  return answers;
}

guint64 orders_unmatched(const Orders *orders) {
  return orders->unmatched;
}
