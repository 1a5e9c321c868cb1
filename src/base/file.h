/* SPDX-License-Identifier: Apache-2.0
 * file.h: the few system calls that make data durable, each able to fail on purpose.
 * ETAPPE_FAULT="write:3" makes the third write of the process fail with ENOSPC
 * (open, write, fsync, rename, mmap; several with commas: "write:3,fsync:1"); tests drive
 * every point once. Our own files go through here; SQLite's too after file_fault_sqlite(). */
#pragma once
#include <glib.h>

/* Creates the file anew and writes everything, fsyncs, renames into place and fsyncs the folder:
 * after a crash either the old content or the new stands there, whole. */
gboolean file_replace(const char *path, const void *data, gsize size, GError **error);

/* A buffered file, mode 0600, under the temporary name `path`.tmp: one writer a path at a time. */
typedef struct FileOut FileOut;
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

/* Renames without replacing: ERROR_CONFLICT when `to` is there already. Fsyncs the folder. */
gboolean file_rename_new(const char *from, const char *to, GError **error);

gboolean file_make_folder(const char *path, GError **error);   /* mode 0700; existing is fine */
gboolean file_remove_folder(const char *path, GError **error); /* with all in it; missing is fine */

/* An advisory lock held until closed; ERROR_BUSY names the process that has it. */
int file_lock(const char *path, GError **error); /* returns a descriptor or -1 */
void file_unlock(int descriptor);

/* Lets the faults of ETAPPE_FAULT reach the files that SQLite opens from now on, counted together with ours
 * (open, write and truncate as write, sync as fsync). Does nothing without ETAPPE_FAULT. Call it before the
 * first sqlite3_open of the process. */
void file_fault_sqlite(void);
