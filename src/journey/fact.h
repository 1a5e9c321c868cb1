/* SPDX-License-Identifier: Apache-2.0
 * fact.h: an event while an index is being built: what a block will keep of it, and who it may belong to. */
#pragma once
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
