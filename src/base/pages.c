// SPDX-License-Identifier: Apache-2.0
#include "base/pages.h"
#include <sys/mman.h>
#include <unistd.h>

enum { LARGE_PAGE = 2 << 20 };

void pages_large(gconstpointer memory, gsize bytes) {
  gsize page = (gsize)sysconf(_SC_PAGESIZE);
  guintptr start = ((guintptr)memory + page - 1) & ~(page - 1), end = ((guintptr)memory + bytes) & ~(page - 1);
  if (memory && end > start && end - start >= LARGE_PAGE)
    madvise((void *)start, end - start, MADV_HUGEPAGE);
}
