/* SPDX-License-Identifier: Apache-2.0
 * walk.h: the touches of each unit of a block, one after the other, as codes of a key. What paths are made of. */
#pragma once
#include "analysis/key.h"
#include "analysis/params.h"
#include "analysis/scope.h"
#include "analysis/unit.h"

typedef struct { /* a unit's touches; never empty */
  guint32 person, unit;
  const guint32 *codes;
  const guint32 *events; /* of the block */
  guint32 n;
} Path;

typedef struct Walk Walk;
/* Reads the options key, unit, after, before. */
Walk *walk_new(const Question *question, const Params *params, GError **error);
void walk_free(Walk *walk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Walk, walk_free)
Key *walk_key(Walk *walk);
const Units *walk_units(const Walk *walk);

/* Every unit whose first touch lies in range, from (--after) or up to (--before) its anchors; arrays live
 * until the worker's next block. Persons ascend, and a person's units. */
typedef gboolean (*WalkFunc)(gpointer user, const Path *path, GError **error);
gboolean walk_block(Walk *walk, guint block, const Block *data, guint worker, WalkFunc each, gpointer user, GError **error);
