/* SPDX-License-Identifier: Apache-2.0
 * evidence.c: open addressing by hashes that are keyed already, so nobody chooses the slot. A look-up in a table
 * of millions costs a trip to memory; over a batch they are begun ahead of their use. */
#include "journey/evidence.h"

#include "base/error.h"
#include <stdlib.h>
#include <string.h>

enum { TABLE_FIRST = 1 << 10, AHEAD = 16, NUMBERS_MAX = 1 << 30 };
enum { REFUSED = G_MAXUINT32 };

typedef struct { /* number + 1; 0 is empty */
  guint64 hash;
  guint32 number;
} Slot;

typedef struct {
  Slot *slots;
  gsize mask;
  guint32 n;
} Table;

struct EvidenceTables {
  Table identifiers, tuples;
  gsize identifiers_size, tuples_size, members_size;
};

Evidence *evidence_new(const Identity *identity) {
  Evidence *evidence = g_new0(Evidence, 1);
  evidence->identity = identity;
  evidence->spaces = identity->spaces;
  evidence->tables = g_new0(struct EvidenceTables, 1);
  evidence->aliases = g_array_new(FALSE, FALSE, sizeof(EvidenceAlias));
  return evidence;
}

void evidence_free(Evidence *evidence) {
  if (evidence == NULL)
    return;
  g_free(evidence->tables->identifiers.slots);
  g_free(evidence->tables->tuples.slots);
  g_free(evidence->tables);
  g_free(evidence->identifiers);
  g_free(evidence->tuples);
  g_free(evidence->members);
  g_array_unref(evidence->aliases);
  g_free(evidence);
}

/* --- tables ----------------------------------------------------------------------------------- */

static gboolean no_memory(GError **error) {
  return error_set(error, ERROR_LIMIT, "no memory for the identifiers of the index");
}

/* Room for `needed` elements; *size is in elements. */
static gboolean reserve(void *array, gsize *size, gsize needed, gsize element, GError **error) {
  if (needed <= *size)
    return TRUE;
  gsize wanted = MAX(needed, MAX(*size * 2, 64));
  void *grown = g_try_realloc_n(*(void **)array, wanted, element);
  if (grown == NULL)
    return no_memory(error);
  *(void **)array = grown;
  *size = wanted;
  return TRUE;
}

static void table_put(Table *table, Slot slot) {
  gsize at = slot.hash & table->mask;
  while (table->slots[at].number)
    at = (at + 1) & table->mask;
  table->slots[at] = slot;
}

/* Keeps the table at most half full with one more. */
static gboolean table_reserve(Table *table, GError **error) {
  if (table->slots && (gsize)(table->n + 1) * 2 <= table->mask + 1)
    return TRUE;
  gsize size = table->slots ? (table->mask + 1) * 2 : TABLE_FIRST;
  Table grown = {g_try_new0(Slot, size), size - 1, table->n};
  if (grown.slots == NULL)
    return no_memory(error);
  for (gsize i = 0; table->slots && i <= table->mask; i++)
    if (table->slots[i].number)
      table_put(&grown, table->slots[i]);
  g_free(table->slots);
  *table = grown;
  return TRUE;
}

gboolean evidence_find(const Evidence *evidence, guint64 hash, guint32 *identifier) {
  const Table *table = &evidence->tables->identifiers;
  if (table->slots == NULL)
    return FALSE;
  for (gsize at = hash & table->mask; table->slots[at].number; at = (at + 1) & table->mask)
    if (table->slots[at].hash == hash) {
      *identifier = table->slots[at].number - 1;
      return TRUE;
    }
  return FALSE;
}

gint64 evidence_identifier(Evidence *evidence, guint8 space, guint64 hash, GError **error) {
  guint32 known;
  if (evidence_find(evidence, hash, &known))
    return known;
  struct EvidenceTables *tables = evidence->tables;
  if (evidence->n_identifiers == NUMBERS_MAX)
    return error_set(error, ERROR_LIMIT, "the index holds at most %d identifiers", NUMBERS_MAX) - 1;
  if (!table_reserve(&tables->identifiers, error) ||
      !reserve(&evidence->identifiers, &tables->identifiers_size, (gsize)evidence->n_identifiers + 1, sizeof(EvidenceIdentifier),
               error))
    return -1;
  guint32 number = evidence->n_identifiers++;
  evidence->identifiers[number] = (EvidenceIdentifier){G_MAXINT64, G_MAXUINT64, hash, 0, space};
  table_put(&tables->identifiers, (Slot){hash, number + 1});
  tables->identifiers.n++;
  return number;
}

/* --- tuples ----------------------------------------------------------------------------------- */

static int compare_members(const Evidence *evidence, guint32 a, guint32 b) {
  const EvidenceIdentifier *x = &evidence->identifiers[a], *y = &evidence->identifiers[b];
  int order = (int)evidence->spaces->spaces[x->space].rank - (int)evidence->spaces->spaces[y->space].rank;
  return order ? order : (x->hash > y->hash) - (x->hash < y->hash);
}

/* Sorts by (rank, hash) and drops repetitions; returns how many are left. */
static guint sort_members(const Evidence *evidence, guint32 *members, guint n) {
  guint kept = 0;
  for (guint i = 0; i < n; i++) {
    guint32 one = members[i];
    guint at = kept;
    gboolean repeated = FALSE;
    for (guint k = 0; k < kept; k++)
      repeated |= members[k] == one;
    if (repeated)
      continue;
    for (; at > 0 && compare_members(evidence, one, members[at - 1]) < 0; at--)
      members[at] = members[at - 1];
    members[at] = one;
    kept++;
  }
  return kept;
}

static guint64 members_hash(const Evidence *evidence, const guint32 *members, guint n) {
  guint64 hash = n;
  for (guint i = 0; i < n; i++)
    hash = hash_mix(hash ^ evidence->identifiers[members[i]].hash);
  return hash;
}

static gboolean tuple_is(const Evidence *evidence, guint32 tuple, const guint32 *members, guint n) {
  guint32 start = evidence->tuples[tuple].start;
  return evidence->tuples[tuple + 1].start - start == n && memcmp(evidence->members + start, members, n * sizeof *members) == 0;
}

static gint64 add_tuple(Evidence *evidence, const guint32 *members, guint n, guint64 hash, GError **error) {
  struct EvidenceTables *tables = evidence->tables;
  if (evidence->n_tuples == NUMBERS_MAX || evidence->n_members > G_MAXUINT32 - n)
    return error_set(error, ERROR_LIMIT, "the index holds at most %d sets of identifiers", NUMBERS_MAX) - 1;
  if (!table_reserve(&tables->tuples, error) ||
      !reserve(&evidence->tuples, &tables->tuples_size, (gsize)evidence->n_tuples + 2, sizeof(EvidenceTuple), error) ||
      !reserve(&evidence->members, &tables->members_size, (gsize)evidence->n_members + n, sizeof(guint32), error))
    return -1;
  memcpy(evidence->members + evidence->n_members, members, n * sizeof *members);
  guint32 number = evidence->n_tuples++;
  evidence->tuples[number] = (EvidenceTuple){G_MAXINT64, G_MAXUINT64, 0, evidence->n_members};
  evidence->n_members += n;
  evidence->tuples[number + 1] = (EvidenceTuple){.start = evidence->n_members};
  table_put(&tables->tuples, (Slot){hash, number + 1});
  tables->tuples.n++;
  return number;
}

/* Sorts the members in place. */
static gint64 tuple_number(Evidence *evidence, const guint32 *members, guint n, GError **error) {
  const Table *table = &evidence->tables->tuples;
  guint64 hash = members_hash(evidence, members, n);
  if (table->slots)
    for (gsize at = hash & table->mask; table->slots[at].number; at = (at + 1) & table->mask)
      if (table->slots[at].hash == hash && tuple_is(evidence, table->slots[at].number - 1, members, n))
        return table->slots[at].number - 1;
  return add_tuple(evidence, members, n, hash, error);
}

static gboolean code_of(Evidence *evidence, guint32 *members, guint n, guint32 *code, GError **error) {
  n = n > 1 ? sort_members(evidence, members, n) : n;
  if (n <= 1) {
    *code = n ? members[0] << 1 : CODE_NONE;
    return TRUE;
  }
  gint64 tuple = tuple_number(evidence, members, n, error);
  if (tuple < 0)
    return FALSE;
  *code = (guint32)tuple << 1 | 1;
  return TRUE;
}

static inline gboolean is_before(gint64 time_ms, guint64 row, gint64 than_ms, guint64 than_row) {
  return time_ms < than_ms || (time_ms == than_ms && row < than_row);
}

#define SEE(what, n, time, number)                                                                                                 \
  do {                                                                                                                             \
    (what)->n_events += (n);                                                                                                       \
    if (is_before((time), (number), (what)->first_time_ms, (what)->first_row)) {                                                   \
      (what)->first_time_ms = (time);                                                                                              \
      (what)->first_row = (number);                                                                                                \
    }                                                                                                                              \
  } while (0)

static void see(Evidence *evidence, guint32 code, gint64 time_ms, guint64 row) {
  if (code_is_tuple(code))
    SEE(&evidence->tuples[code_number(code)], 1, time_ms, row);
  else
    SEE(&evidence->identifiers[code_number(code)], 1, time_ms, row);
}

/* --- batches ---------------------------------------------------------------------------------- */

static gboolean number_identifiers(Evidence *evidence, const BatchFacts *facts, const guint8 *wanted, guint32 *numbers,
                                   GError **error) {
  guint32 n = facts->first_identifier[facts->n];
  guint32 from = 0, to = n;
  if (wanted) { /* of a batch of which few events are wanted, look only at what they span */
    guint first = 0, last = facts->n;
    while (first < facts->n && !wanted[first])
      first++;
    while (last > first && !wanted[last - 1])
      last--;
    from = facts->first_identifier[first];
    to = facts->first_identifier[last];
  }
  guint event = 0;
  GHashTable *refused = evidence->identity->refused;
  for (guint32 i = from; i < to; i++) {
    const Table *table = &evidence->tables->identifiers;
    if (i + AHEAD < to && table->slots)
      __builtin_prefetch(&table->slots[facts->identifier[i + AHEAD] & table->mask]);
    if (wanted) {
      while (facts->first_identifier[event + 1] <= i)
        event++;
      if (!wanted[event])
        continue;
    }
    if (refused && g_hash_table_contains(refused, &facts->identifier[i])) {
      numbers[i] = REFUSED;
      continue;
    }
    gint64 number = evidence_identifier(evidence, facts->space[i], facts->identifier[i], error);
    if (number < 0)
      return FALSE;
    numbers[i] = (guint32)number;
  }
  return TRUE;
}

/* --- order ids -------------------------------------------------------------------------------- */

typedef struct {
  guint64 hash;
  guint32 event, field;
} Order;

typedef struct { /* of one batch, by event and field */
  const Evidence *evidence;
  Order *orders;
  guint n, at; /* at: where the events have come to */
  guint32 field;
} OrderList;

static void take_order(guint event, ValueKind kind, Text text, gpointer user) {
  OrderList *list = user;
  const Identity *identity = list->evidence->identity;
  Identifier order;
  char scratch[IDENTIFIER_SIZE_MAX];
  const char *why;
  if ((kind != VALUE_TEXT && kind != VALUE_NUMBER) ||
      !identifier_make(&order, identity->spaces, &identity->key, SPACE_ORDER, text, scratch, &why))
    return;
  if (list->orders == NULL)
    list->orders = g_new(Order, BATCH_EVENTS_MAX * IDENTITY_ORDER_FIELDS_MAX);
  list->orders[list->n++] = (Order){order.hash.low, event, list->field};
}

static int compare_orders(const void *a, const void *b) {
  const Order *x = a, *y = b;
  return x->event != y->event ? (x->event < y->event ? -1 : 1) : (x->field > y->field) - (x->field < y->field);
}

/* Most batches have a few orders, in one column; those without the column cost a look at the batch's keys. */
static gboolean read_orders(OrderList *list, Batch *batch, const Names *names, GError **error) {
  char *const *fields = list->evidence->identity->order_fields;
  guint columns = 0;
  for (; fields[list->field]; list->field++) {
    guint16 key = names_find(names, NAME_KEY, text_of(fields[list->field]));
    guint before = list->n;
    if (key && !batch_property(batch, key, take_order, list, error))
      return FALSE;
    columns += list->n > before;
  }
  if (columns > 1)
    qsort(list->orders, list->n, sizeof *list->orders, compare_orders);
  return TRUE;
}

/* --- events ------------------------------------------------------------------------------------ */

/* An alias call stands in its tuple with both identifiers. */
static gboolean add_alias(Evidence *evidence, Batch *batch, guint i, const Names *names, guint64 row, guint32 *members, guint *n,
                          GError **error) {
  g_autofree Event *event = g_new(Event, 1);
  if (!batch_event(batch, i, names, event, error))
    return FALSE;
  GHashTable *refused = evidence->identity->refused;
  if (!event->has_alias || event->n_identifiers == 0 ||
      (refused &&
       (g_hash_table_contains(refused, &event->alias.hash.low) || g_hash_table_contains(refused, &event->identifiers[0].hash.low))))
    return TRUE;
  gint64 from = evidence_identifier(evidence, event->alias.space, event->alias.hash.low, error);
  gint64 to = evidence_identifier(evidence, event->identifiers[0].space, event->identifiers[0].hash.low, error);
  if (from < 0 || to < 0)
    return FALSE;
  EvidenceAlias alias = {event->time_ms, row, (guint32)from, (guint32)to};
  g_array_append_val(evidence->aliases, alias);
  members[(*n)++] = (guint32)from;
  return TRUE;
}

static gboolean add_orders(Evidence *evidence, OrderList *orders, guint32 i, guint32 *members, guint *n, GError **error) {
  for (; orders->at < orders->n && orders->orders[orders->at].event <= i; orders->at++) {
    const Order *order = &orders->orders[orders->at];
    gint64 number = order->event == i ? evidence_identifier(evidence, SPACE_ORDER, order->hash, error) : 0;
    if (number < 0)
      return FALSE;
    if (order->event == i)
      members[(*n)++] = (guint32)number;
  }
  return TRUE;
}

/* The identifiers of an event without those that the project refuses. */
static guint wanted_members(const guint32 *numbers, guint n, guint32 *members) {
  guint kept = 0;
  for (guint k = 0; k < n; k++)
    if (numbers[k] != REFUSED)
      members[kept++] = numbers[k];
  return kept;
}

static gboolean code_event(Evidence *evidence, Batch *batch, const BatchFacts *facts, const Names *names, guint i, guint64 row,
                           const guint32 *numbers, OrderList *orders, guint32 *code, GError **error) {
  guint32 start = facts->first_identifier[i], members[EVIDENCE_MEMBERS_MAX];
  guint n = MIN(facts->first_identifier[i + 1] - start, EVENT_IDENTIFIERS_MAX);
  gboolean alias = facts->flags[i] >> 12 == CALL_ALIAS;
  if (n == 1 && !alias && orders->n == 0 && numbers[start] != REFUSED) {
    *code = numbers[start] << 1;
    return TRUE;
  }
  n = wanted_members(numbers + start, n, members);
  if (orders->n && !add_orders(evidence, orders, i, members, &n, error))
    return FALSE;
  if (alias && !add_alias(evidence, batch, i, names, row, members, &n, error))
    return FALSE;
  return code_of(evidence, members, n, code, error);
}

static void see_batch(Evidence *evidence, const BatchFacts *facts, guint64 first, const guint8 *wanted, const guint32 *codes) {
  for (guint i = 0; i < facts->n; i++) {
    if (i + AHEAD < facts->n && (!wanted || wanted[i + AHEAD]) && codes[i + AHEAD] != CODE_NONE)
      __builtin_prefetch(code_is_tuple(codes[i + AHEAD]) ? (const void *)&evidence->tuples[code_number(codes[i + AHEAD])]
                                                         : (const void *)&evidence->identifiers[code_number(codes[i + AHEAD])]);
    if ((!wanted || wanted[i]) && codes[i] != CODE_NONE)
      see(evidence, codes[i], facts->time_ms[i], first + i);
  }
}

gboolean evidence_batch(Evidence *evidence, Batch *batch, const BatchFacts *facts, const Names *names, guint64 first,
                        const guint8 *wanted, guint32 *codes, GError **error) {
  guint32 n = facts->first_identifier[facts->n];
  g_autofree guint32 *numbers = g_try_new(guint32, (gsize)n + 1);
  if (numbers == NULL)
    return no_memory(error);
  if (!number_identifiers(evidence, facts, wanted, numbers, error))
    return FALSE;
  OrderList orders = {.evidence = evidence};
  gboolean good = read_orders(&orders, batch, names, error);
  for (guint i = 0; i < facts->n && good; i++)
    if (!wanted || wanted[i])
      good = code_event(evidence, batch, facts, names, i, first + i, numbers, &orders, &codes[i], error);
  g_free(orders.orders);
  if (good)
    see_batch(evidence, facts, first, wanted, codes);
  return good;
}

/* --- several threads -------------------------------------------------------------------------- */

static gboolean absorb_identifiers(Evidence *evidence, const Evidence *other, guint32 *numbers, GError **error) {
  for (guint32 i = 0; i < other->n_identifiers; i++) {
    const Table *table = &evidence->tables->identifiers;
    if (i + AHEAD < other->n_identifiers && table->slots)
      __builtin_prefetch(&table->slots[other->identifiers[i + AHEAD].hash & table->mask]);
    const EvidenceIdentifier *theirs = &other->identifiers[i];
    gint64 number = evidence_identifier(evidence, theirs->space, theirs->hash, error);
    if (number < 0)
      return FALSE;
    numbers[i] = (guint32)number;
    SEE(&evidence->identifiers[number], theirs->n_events, theirs->first_time_ms, theirs->first_row);
  }
  return TRUE;
}

static gboolean absorb_tuples(Evidence *evidence, const Evidence *other, const guint32 *identifiers, guint32 *numbers,
                              GError **error) {
  for (guint32 i = 0; i < other->n_tuples; i++) {
    const EvidenceTuple *theirs = &other->tuples[i];
    guint32 members[EVIDENCE_MEMBERS_MAX];
    guint n = other->tuples[i + 1].start - theirs->start;
    for (guint k = 0; k < n; k++)
      members[k] = identifiers[other->members[theirs->start + k]];
    gint64 number = tuple_number(evidence, members, n, error);
    if (number < 0)
      return FALSE;
    numbers[i] = (guint32)number;
    SEE(&evidence->tuples[number], theirs->n_events, theirs->first_time_ms, theirs->first_row);
  }
  return TRUE;
}

gboolean evidence_absorb(Evidence *evidence, const Evidence *other, guint32 **identifier, guint32 **tuple, GError **error) {
  g_autofree guint32 *identifiers = g_try_new(guint32, (gsize)other->n_identifiers + 1);
  g_autofree guint32 *tuples = g_try_new(guint32, (gsize)other->n_tuples + 1);
  if (identifiers == NULL || tuples == NULL)
    return no_memory(error);
  if (!absorb_identifiers(evidence, other, identifiers, error) || !absorb_tuples(evidence, other, identifiers, tuples, error))
    return FALSE;
  for (guint i = 0; i < other->aliases->len; i++) {
    EvidenceAlias alias = g_array_index(other->aliases, EvidenceAlias, i);
    alias.from = identifiers[alias.from];
    alias.to = identifiers[alias.to];
    g_array_append_val(evidence->aliases, alias);
  }
  *identifier = g_steal_pointer(&identifiers);
  *tuple = g_steal_pointer(&tuples);
  return TRUE;
}

void evidence_settle(Evidence *evidence) {
  for (guint32 i = 0; i < evidence->n_tuples; i++) {
    const EvidenceTuple *tuple = &evidence->tuples[i];
    for (guint32 k = tuple->start; k < tuple[1].start; k++)
      SEE(&evidence->identifiers[evidence->members[k]], 0, tuple->first_time_ms, tuple->first_row);
  }
}
