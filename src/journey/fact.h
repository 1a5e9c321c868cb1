/* SPDX-License-Identifier: Apache-2.0
 * fact.h: an event while an index is being built: what a block will keep of it, and who it may belong to. */
#pragma once
#include "journey/block.h"
#include "record/batch.h"

enum {                       /* in Fact.flags, above the eight of FactFlags */
       FACT_GRADE_SHIFT = 8, /* three bits */
       FACT_GRADE_MASK = 7 << FACT_GRADE_SHIFT,
       FACT_DEVICE = 1 << 11,   /* carries a device */
       FACT_RESOLVED = 1 << 12, /* resolve() has judged it: `who` is a person, `visit` is known */
       FACT_GLOBAL = 1 << 13,   /* `who` is the code that everybody uses, not one of the thread that read it */
};

typedef struct {
  gint64 time_ms; /* once scattered: the person's place in its block << 48 | time_ms */
  gint64 value_micro;
  guint32 row; /* arrival number above the build's first */
  guint32 who; /* the code of evidence.h; of a resolved event a person; once scattered the device, or CODE_NONE */
  union {
    guint32 campaign; /* hash, 0 none */
    guint32 visit;    /* of a resolved event, 1.. over all components; 0 none */
  };
  guint16 event, channel, touchpoint, source, currency;
  guint16 flags;
} Fact;
G_STATIC_ASSERT(sizeof(Fact) == 40);

/* Without `who`. */
static inline Fact fact_of_batch(const BatchFacts *facts, guint i, guint32 row) {
  return (Fact){.time_ms = facts->time_ms[i],
                .value_micro = facts->value_micro[i],
                .row = row,
                .campaign = facts->campaign[i],
                .event = facts->event[i],
                .channel = facts->channel[i],
                .touchpoint = facts->touchpoint[i],
                .source = facts->source[i],
                .currency = facts->currency[i],
                .flags = facts->flags[i] & (FACT_GRADE_MASK | 0xff)};
}

/* FactFlags of an event in the index, without FACT_VALUE. */
static inline guint16 fact_flags_of_block(const Block *block, guint32 at) {
  return (guint16)((bit_at(block->touch, at) ? FACT_TOUCH : 0) | (bit_at(block->web, at) ? FACT_WEB : 0) |
                   (bit_at(block->company, at) ? FACT_COMPANY : 0) | (bit_at(block->system, at) ? FACT_SYSTEM : 0) |
                   (bit_at(block->converses, at) ? FACT_CONVERSES : 0) | (bit_at(block->excluded, at) ? FACT_EXCLUDED : 0));
}
