/* SPDX-License-Identifier: Apache-2.0
 * file.c: durable files in four steps, each behind a counter that may make it fail:
 *
 *     open name.tmp ─► write ... ─► fsync ─► rename to name ─► fsync of the folder
 *
 * Until the rename the old content stands; after it the new one, and the last fsync makes that survive
 * a power cut. Whatever fails before the rename leaves the old file and no temporary one. */
#include "base/file.h"

#include "base/error.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- faults on purpose ------------------------------------------------------------------------ */

typedef enum { FAULT_OPEN, FAULT_WRITE, FAULT_FSYNC, FAULT_RENAME, FAULT_MMAP, FAULTS } Fault;

/* The only mutable state of this layer: it exists for tests and is set once from the environment. */
static struct {
  pthread_once_t once;
  gboolean any;
  guint64 at[FAULTS]; /* which call of its kind fails; 0 none */
  _Atomic guint64 calls[FAULTS];
} faults = {.once = PTHREAD_ONCE_INIT};

static void faults_read(void) {
  static const char *const names[FAULTS] = {"open", "write", "fsync", "rename", "mmap"};
  const char *text = g_getenv("ETAPPE_FAULT");
  if (text == NULL)
    return;
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);
  for (char **part = parts; *part; part++) {
    char *colon = strchr(*part, ':');
    for (guint i = 0; colon && i < FAULTS; i++)
      if (strlen(names[i]) == (gsize)(colon - *part) && g_str_has_prefix(*part, names[i]))
        faults.at[i] = g_ascii_strtoull(colon + 1, NULL, 10);
  }
  faults.any = TRUE;
}

/* TRUE when this call shall fail, with errno set as a full disk sets it. */
static gboolean fault(Fault kind) {
  pthread_once(&faults.once, faults_read);
  if (!faults.any || atomic_fetch_add(&faults.calls[kind], 1) + 1 != faults.at[kind])
    return FALSE;
  errno = ENOSPC;
  return TRUE;
}

static int open_file(const char *path, int flags) {
  return fault(FAULT_OPEN) ? -1 : open(path, flags | O_CLOEXEC, 0600);
}

static gboolean write_all(int descriptor, const char *data, gsize size) {
  while (size > 0) {
    ssize_t done = fault(FAULT_WRITE) ? -1 : write(descriptor, data, size);
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return FALSE;
    data += done;
    size -= (gsize)done;
  }
  return TRUE;
}

static gboolean sync_file(int descriptor) {
  return !fault(FAULT_FSYNC) && fsync(descriptor) == 0;
}

/* --- faults inside SQLite: its default VFS, with four of the file methods behind the counters --- */

static struct {
  pthread_once_t once;
  sqlite3_vfs vfs, *below;
  const sqlite3_io_methods *methods_below;
  sqlite3_io_methods methods;
} shim = {.once = PTHREAD_ONCE_INIT};

static int shim_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset) {
  return fault(FAULT_WRITE) ? SQLITE_FULL : shim.methods_below->xWrite(file, data, size, offset);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size) {
  return fault(FAULT_WRITE) ? SQLITE_IOERR_TRUNCATE : shim.methods_below->xTruncate(file, size);
}

static int shim_sync(sqlite3_file *file, int flags) {
  return fault(FAULT_FSYNC) ? SQLITE_IOERR_FSYNC : shim.methods_below->xSync(file, flags);
}

static void shim_methods(const sqlite3_io_methods *below) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&lock);
  if (shim.methods_below == NULL) {
    shim.methods = *below;
    shim.methods.xWrite = shim_write;
    shim.methods.xTruncate = shim_truncate;
    shim.methods.xSync = shim_sync;
    shim.methods_below = below;
  }
  pthread_mutex_unlock(&lock);
}

static int shim_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags) {
  file->pMethods = NULL;
  if (fault(FAULT_OPEN))
    return SQLITE_CANTOPEN;
  int code = shim.below->xOpen(shim.below, name, file, flags, out_flags);
  if (code != SQLITE_OK || file->pMethods == NULL)
    return code;
  shim_methods(file->pMethods);
  if (file->pMethods == shim.methods_below) /* another set of methods is for lock styles that we never use */
    file->pMethods = &shim.methods;
  return code;
}

static void shim_install(void) {
  if (sqlite3_initialize() != SQLITE_OK)
    return;
  shim.below = sqlite3_vfs_find(NULL);
  shim.vfs = *shim.below;
  shim.vfs.zName = "etappe-fault";
  shim.vfs.pNext = NULL;
  shim.vfs.xOpen = shim_open;
  sqlite3_vfs_register(&shim.vfs, 1);
}

void file_fault_sqlite(void) {
  pthread_once(&faults.once, faults_read);
  if (faults.any)
    pthread_once(&shim.once, shim_install);
}

/* --- writing ---------------------------------------------------------------------------------- */

static gboolean fail(GError **error, const char *doing, const char *path) {
  int errno_value = errno;
  g_autofree char *what = g_strdup_printf("%s %s", doing, path);
  return error_set_errno(error, errno_value, what);
}

static gboolean sync_folder_of(const char *path, GError **error) {
  g_autofree char *folder = g_path_get_dirname(path);
  int descriptor = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (descriptor < 0)
    return fail(error, "opening", folder);
  gboolean good = sync_file(descriptor) || fail(error, "syncing", folder);
  close(descriptor);
  return good;
}

enum { BUFFER_SIZE = 1 << 18 };

struct FileOut {
  char *path, *temporary; /* temporary is NULL once there is nothing to clean up */
  int descriptor;
  guint64 flushed;
  gsize filled;
  gboolean failed;
  char buffer[BUFFER_SIZE];
};

FileOut *file_out_new(const char *path, GError **error) {
  g_autofree char *temporary = g_strconcat(path, ".tmp", NULL);
  int descriptor = open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
  if (descriptor < 0) {
    fail(error, "creating", temporary);
    return NULL;
  }
  FileOut *out = g_malloc(sizeof *out);
  *out = (FileOut){.path = g_strdup(path), .temporary = g_steal_pointer(&temporary), .descriptor = descriptor};
  return out;
}

void file_out_free(FileOut *out) {
  if (out == NULL)
    return;
  if (out->descriptor >= 0)
    close(out->descriptor);
  if (out->temporary)
    unlink(out->temporary);
  g_free(out->temporary);
  g_free(out->path);
  g_free(out);
}

static gboolean put(FileOut *out, const char *data, gsize size, GError **error) {
  if (!out->failed && write_all(out->descriptor, data, size)) {
    out->flushed += size;
    return TRUE;
  }
  if (out->failed)
    errno = EIO;
  out->failed = TRUE;
  return fail(error, "writing", out->path);
}

static gboolean flush(FileOut *out, GError **error) {
  gsize size = out->filled;
  out->filled = 0;
  return put(out, out->buffer, size, error);
}

gboolean file_out_write(FileOut *out, const void *data, gsize size, GError **error) {
  if (out->filled + size > BUFFER_SIZE && !flush(out, error))
    return FALSE;
  if (size > BUFFER_SIZE)
    return put(out, data, size, error);
  if (size)
    memcpy(out->buffer + out->filled, data, size);
  out->filled += size;
  return TRUE;
}

guint64 file_out_offset(const FileOut *out) {
  return out->flushed + out->filled;
}

gboolean file_out_commit(FileOut *out, GError **error) {
  if (!flush(out, error))
    return FALSE;
  if (!sync_file(out->descriptor))
    return fail(error, "syncing", out->path);
  int descriptor = out->descriptor;
  out->descriptor = -1;
  if (close(descriptor) != 0)
    return fail(error, "closing", out->path);
  if (fault(FAULT_RENAME) || rename(out->temporary, out->path) != 0)
    return fail(error, "renaming into place", out->path);
  g_clear_pointer(&out->temporary, g_free);
  return sync_folder_of(out->path, error);
}

gboolean file_replace(const char *path, const void *data, gsize size, GError **error) {
  g_autoptr(FileOut) out = file_out_new(path, error);
  return out && file_out_write(out, data, size, error) && file_out_commit(out, error);
}

gboolean file_rename_new(const char *from, const char *to, GError **error) {
  if (fault(FAULT_RENAME))
    return fail(error, "renaming into place", to);
  /* link() refuses an existing name on every file system that has links; renameat2 is not known to all. */
  if (link(from, to) != 0) {
    if (errno == EEXIST)
      return error_set(error, ERROR_CONFLICT, "%s is there already", to);
    return fail(error, "renaming into place", to);
  }
  unlink(from);
  return sync_folder_of(to, error);
}

/* --- reading ---------------------------------------------------------------------------------- */

static gboolean map_descriptor(FileMap *map, int descriptor, const char *path, GError **error) {
  struct stat facts;
  if (fstat(descriptor, &facts) != 0)
    return fail(error, "reading", path);
  if (!S_ISREG(facts.st_mode))
    return error_set(error, ERROR_INVALID, "%s is not a regular file", path);
  if (facts.st_size == 0) {
    *map = (FileMap){NULL, 0};
    return TRUE;
  }
  gsize size = (gsize)facts.st_size;
  void *data = fault(FAULT_MMAP) ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (data == MAP_FAILED)
    return fail(error, "mapping", path);
  *map = (FileMap){data, size};
  return TRUE;
}

gboolean file_map(FileMap *map, const char *path, GError **error) {
  int descriptor = open_file(path, O_RDONLY | O_NONBLOCK); /* a pipe is refused below instead of waited for */
  if (descriptor < 0 && errno == ENOENT)
    return error_set(error, ERROR_NOT_FOUND, "%s does not exist", path);
  if (descriptor < 0)
    return fail(error, "opening", path);
  gboolean good = map_descriptor(map, descriptor, path, error);
  close(descriptor);
  return good;
}

void file_unmap(FileMap *map) {
  if (map->data)
    munmap((void *)map->data, map->size);
  *map = (FileMap){NULL, 0};
}

/* --- folders and locks ------------------------------------------------------------------------ */

gboolean file_make_folder(const char *path, GError **error) {
  if (mkdir(path, 0700) == 0)
    return sync_folder_of(path, error);
  int errno_value = errno;
  if (errno_value == EEXIST && g_file_test(path, G_FILE_TEST_IS_DIR))
    return TRUE;
  errno = errno_value;
  return fail(error, "making the folder", path);
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *walk) {
  return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

gboolean file_remove_folder(const char *path, GError **error) {
  enum { DESCRIPTORS = 16 };
  if (nftw(path, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
    return TRUE;
  return fail(error, "removing the folder", path);
}

static gboolean busy(int descriptor, const char *path, GError **error) {
  char text[32] = "";
  ssize_t size = pread(descriptor, text, sizeof text - 1, 0);
  int process = size > 0 ? atoi(text) : 0;
  if (process <= 0)
    return error_set(error, ERROR_BUSY, "%s is held by another process", path);
  g_autofree char *comm = g_strdup_printf("/proc/%d/comm", process);
  g_autofree char *name = NULL;
  if (g_file_get_contents(comm, &name, NULL, NULL))
    g_strchomp(name);
  return error_set(error, ERROR_BUSY, "%s is held by process %d%s%s%s", path, process, name ? " (" : "", name ? name : "",
                   name ? ")" : "");
}

int file_lock(const char *path, GError **error) {
  int descriptor = open_file(path, O_RDWR | O_CREAT);
  if (descriptor < 0) {
    fail(error, "opening", path);
    return -1;
  }
  char text[32];
  int size = g_snprintf(text, sizeof text, "%d\n", (int)getpid());
  gboolean locked = flock(descriptor, LOCK_EX | LOCK_NB) == 0;
  if (!locked && errno == EWOULDBLOCK)
    busy(descriptor, path, error);
  else if (!locked)
    fail(error, "locking", path);
  else if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, text, (gsize)size, 0) != size)
    locked = fail(error, "writing", path);
  if (locked)
    return descriptor;
  close(descriptor);
  return -1;
}

void file_unlock(int descriptor) {
  if (descriptor >= 0)
    close(descriptor);
}
