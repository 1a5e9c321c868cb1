/* SPDX-License-Identifier: Apache-2.0
 * seen_fresh.h: entries of live events that stand in no run yet, found by their hash. Whatever was added last can be
 * taken back, as it must be when its commit fails. */
#pragma once
#include "record/seen_run.h"

typedef struct SeenFresh SeenFresh;

SeenFresh *seen_fresh_new(void);
void seen_fresh_free(SeenFresh *fresh);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SeenFresh, seen_fresh_free)

/* The entry with this hash whose rest is `rest` where `mask` has bits, or NULL. */
const SeenEntry *seen_fresh_find(const SeenFresh *fresh, guint64 hash, guint64 rest, guint64 mask);
void seen_fresh_add(SeenFresh *fresh, SeenEntry entry); /* 24 bytes each */
gsize seen_fresh_count(const SeenFresh *fresh);
const SeenEntry *seen_fresh_entries(const SeenFresh *fresh); /* in the order they were added */
void seen_fresh_cut(SeenFresh *fresh, gsize count);          /* forgets all but the first */
