/* SPDX-License-Identifier: Apache-2.0
 * file.h: the few system calls that make data durable, each able to fail on purpose.
 * ETAPPE_FAULT="write:3" makes the third write of the process fail with ENOSPC
 * (open, write, fsync, rename, mmap); tests drive every point once. Our own files go
 * through here; SQLite's through its own system-call table (file_fault_sqlite). */
#pragma once
#include <glib.h>

/* Creates the file anew and writes everything, fsyncs, renames into place and fsyncs the folder:
 * after a crash either the old content or the new stands there, whole. */
gboolean file_replace(const char *path, const void *data, gsize size, GError **error);

typedef struct FileOut FileOut; /* a buffered file under a temporary name */
FileOut *file_out_new(const char *path, GError **error);
gboolean file_out_write(FileOut *out, const void *data, gsize size, GError **error);
guint64 file_out_offset(const FileOut *out);
gboolean file_out_commit(FileOut *out, GError **error); /* flush, fsync, rename, fsync folder */
void file_out_free(FileOut *out);                       /* uncommitted: the temporary file goes */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FileOut, file_out_free)

typedef struct { /* a read-only mapping */
  const guint8 *data;
  gsize size;
} FileMap;
gboolean file_map(FileMap *map, const char *path, GError **error); /* empty files map to size 0 */
void file_unmap(FileMap *map);

gboolean file_make_folder(const char *path, GError **error); /* mode 0700; existing is fine */
gboolean file_remove_folder(const char *path, GError **error);

/* An advisory lock held until closed; ERROR_BUSY names the process that has it. */
int file_lock(const char *path, GError **error); /* returns a descriptor or -1 */
void file_unlock(int descriptor);
