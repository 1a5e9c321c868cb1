/* SPDX-License-Identifier: Apache-2.0
 * radix.h: rows of a 64-bit key and two small numbers, sorted by the key on all cores in linear time. Stable. */
#pragma once
#include <glib.h>

typedef struct {
  guint64 key;
  guint32 a, b; /* the caller's */
} RadixRow;

/* Where the sorted rows may be worked on side by side: rows of one key stand in one range. */
typedef struct {
  guint32 *start; /* n + 1 */
  guint n;
} RadixRanges;

/* Sorts `rows`; `spare` has room for as many. Fails without memory, as ERROR_LIMIT. `ranges` may be NULL; the caller frees
 * ranges->start. About 15 ns a row and core. */
gboolean radix_sort(RadixRow *rows, RadixRow *spare, guint32 n, guint threads, RadixRanges *ranges, GError **error);
/* The same for few rows, in the thread at hand. */
void radix_sort_few(RadixRow *rows, RadixRow *spare, guint32 n);
