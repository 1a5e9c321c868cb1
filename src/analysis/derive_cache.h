/* SPDX-License-Identifier: Apache-2.0
 * derive_cache.h: what definitions made of blocks, kept in memory for the next question. One a workspace, any thread.
 * The first question after anything changed keeps only the orders that it matched; a second one keeps the blocks, since
 * it shows that somebody asks on; a third only reads them. Blocks of older states are dropped when a newer one is asked
 * about; when the budget is used up, blocks that the present question does not use make room. */
#pragma once
#include "analysis/derive.h"
#include "analysis/orders.h"

typedef struct { /* what all blocks of a question depend on */
  guint64 through, definitions;
  gint64 now_ms;
} DeriveState;

typedef struct {
  DeriveState state;
  guint64 content; /* checksum of who and which rows are in the block, and what is marked there */
  guint32 n_events;
  gboolean without_journeys;
} DeriveKey;

typedef struct DeriveKept DeriveKept;

/* The arrays of `derived` are copied; `touchpoint` is not kept. NULL without memory. */
DeriveKept *derive_kept_new(const Derived *derived, const DeriveNotes *notes);
void derive_kept_unref(DeriveKept *kept);
const Derived *derive_kept_derived(const DeriveKept *kept);
DeriveNotes derive_kept_notes(const DeriveKept *kept);

DeriveCache *derive_cache_new(gsize budget_bytes);
void derive_cache_free(DeriveCache *cache);

/* Says that question number `serial` derives in this state. *orders: those matched before, a reference, or NULL; *known: they
 * were matched, or nothing was to match. TRUE: other questions asked the same, so blocks are worth keeping. */
gboolean derive_cache_begin(DeriveCache *cache, const DeriveState *state, guint64 serial, Orders **orders, gboolean *known);
void derive_cache_orders(DeriveCache *cache, const DeriveState *state, Orders *orders); /* takes a reference; NULL: none to match */
guint64 derive_cache_serial(DeriveCache *cache);                                        /* of a new question */

DeriveKept *derive_cache_find(DeriveCache *cache, const DeriveKey *key, guint64 serial); /* a reference, or NULL */
void derive_cache_keep(DeriveCache *cache, const DeriveKey *key, guint64 serial,
                       DeriveKept *kept); /* takes a reference of its own */
