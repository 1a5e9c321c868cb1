/* SPDX-License-Identifier: Apache-2.0
 * derive_cache.h: what definitions made of blocks, kept in memory for the next question. One a workspace, any thread.
 *
 * A block is known by what is in it, so it stays kept while others change. What depends on `now` (events after it are unseen,
 * journeys are abandoned, stages lapse) changes at instants that are known when the block is derived: kept with it is the
 * span of nows around the one asked for in which nothing changes. A live server asks with another now each time and
 * finds every block in which nobody's time has run out meanwhile.
 *
 * The first question after definitions changed keeps only the orders that it matched; a second one keeps the blocks, since
 * it shows that somebody asks on; a third only reads them. What the last DERIVE_UNUSED_MAX questions did not use is
 * dropped; when the budget is used up, blocks that the present question does not use make room. */
#pragma once
#include "analysis/derive.h"
#include "analysis/orders.h"

enum { DERIVE_UNUSED_MAX = 256 };

typedef struct { /* what orders depend on */
  guint64 through, definitions;
  gint64 now_ms; /* G_MAXINT64 when it hides nothing */
} DeriveState;

typedef enum { DERIVE_JOURNEYS, DERIVE_CONVERSIONS, DERIVE_ORDER_ROWS } DeriveKind;

typedef struct {
  guint64 definitions;
  guint64 content; /* checksum of what is in the block, of who is dead, and of what is marked there */
  guint64 answers; /* of orders_answers(): what other blocks say of this one's orders */
  guint32 n_events;
  DeriveKind kind;
} DeriveKey;

typedef struct { /* nows from `from_ms` to before `until_ms`, for which all is the same */
  gint64 from_ms, until_ms;
} DeriveSpan;

/* Something changes at `instant_ms`: the span of `now_ms` ends, or begins, there. */
static inline void derive_span_cut(DeriveSpan *span, gint64 now_ms, gint64 instant_ms) {
  if (instant_ms <= now_ms)
    span->from_ms = MAX(span->from_ms, instant_ms);
  else
    span->until_ms = MIN(span->until_ms, instant_ms);
}

typedef struct {   /* of a block: `derived` and notes, or `orders` */
  Derived derived; /* `touchpoint` is not kept */
  DeriveNotes notes;
  OrderRows orders;
  DeriveSpan span;
} DeriveResult;

typedef struct DeriveKept DeriveKept;
DeriveKept *derive_kept_new(const DeriveResult *result); /* copies the arrays; NULL without memory */
void derive_kept_unref(DeriveKept *kept);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeriveKept, derive_kept_unref)
const DeriveResult *derive_kept_result(const DeriveKept *kept);

DeriveCache *derive_cache_new(gsize budget_bytes);
void derive_cache_free(DeriveCache *cache);

/* Says that question number `serial` derives in this state. *orders: those matched before, a reference, or NULL; *known: they
 * were matched, or nothing was to match. TRUE: other questions asked by the same definitions, so blocks are worth keeping. */
gboolean derive_cache_begin(DeriveCache *cache, const DeriveState *state, guint64 serial, Orders **orders, gboolean *known);
void derive_cache_orders(DeriveCache *cache, const DeriveState *state, Orders *orders); /* takes a reference; NULL: none to match */
guint64 derive_cache_serial(DeriveCache *cache);                                        /* of a new question */

/* A reference to what holds for this now, or NULL. */
DeriveKept *derive_cache_find(DeriveCache *cache, const DeriveKey *key, gint64 now_ms, guint64 serial);
void derive_cache_keep(DeriveCache *cache, const DeriveKey *key, guint64 serial,
                       DeriveKept *kept); /* takes a reference of its own */

typedef struct {
  guint64 found, missed;
  gsize bytes, entries;
} DeriveCacheUse; /* since the beginning; at present */
DeriveCacheUse derive_cache_use(DeriveCache *cache);
