/* SPDX-License-Identifier: Apache-2.0
 * spill.c: a file's blocks are reserved first, for writing into a mapping of a full disk would be a signal. */
#include "journey/spill.h"

#include "base/error.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MEMORY_SHARE = 4 };

static guint64 machine_bytes(void) {
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? (guint64)pages * (guint64)size : G_GUINT64_CONSTANT(1) << 32;
}

gboolean spill_is_large(guint64 size_bytes) {
  return size_bytes > machine_bytes() / MEMORY_SHARE;
}

static gboolean map(Spill *spill, gsize size, int flags, int descriptor) {
  void *data = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, descriptor, 0);
  if (data == MAP_FAILED)
    return FALSE;
  *spill = (Spill){data, size};
  return TRUE;
}

static gboolean map_file(Spill *spill, gsize size, const char *folder) {
  int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return FALSE;
  gboolean good = posix_fallocate(descriptor, 0, (off_t)size) == 0 && map(spill, size, MAP_SHARED, descriptor);
  close(descriptor);
  return good;
}

gboolean spill_map(Spill *spill, gsize size, const char *folder, GError **error) {
  size = MAX(size, 1);
  if (folder && map_file(spill, size, folder))
    return TRUE;
  return map(spill, size, MAP_PRIVATE | MAP_ANONYMOUS, -1) ||
         error_set(error, ERROR_LIMIT, "no memory for %" G_GSIZE_FORMAT " bytes of events", size);
}

void spill_forget(const Spill *spill, gsize from, gsize to) {
  gsize page = (gsize)sysconf(_SC_PAGESIZE);
  from = (from + page - 1) / page * page;
  to = to / page * page;
  /* MADV_REMOVE frees a file's blocks too; anonymous memory does not know it. */
  if (from < to && madvise((char *)spill->data + from, to - from, MADV_REMOVE) != 0)
    madvise((char *)spill->data + from, to - from, MADV_DONTNEED);
}

void spill_unmap(Spill *spill) {
  if (spill->data)
    munmap(spill->data, spill->size);
  *spill = (Spill){NULL, 0};
}
