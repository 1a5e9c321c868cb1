// SPDX-License-Identifier: Apache-2.0
#include "record/backup.h"

#include "base/file.h"
#include "record/record_private.h"
#include <fcntl.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean record_branch(Record *record, guint64 *branch, GError **error) {
  gint64 value;
  g_autoptr(RecordHold) hold = record_hold(record);
  gboolean good = database_int(record->db, &value, 0, error, "SELECT value FROM meta WHERE name = 'branch'", "");
  *branch = good ? (guint64)value : 0;
  return good;
}

/* --- making one ---------------------------------------------------------------------------------------------- */

static gboolean refuse_existing(const char *file, GError **error) {
  return !g_file_test(file, G_FILE_TEST_EXISTS) ||
         error_set(error, ERROR_CONFLICT, "%s is there already\nhint: name another file; nothing is overwritten", file);
}

/* Mode 0600 from its first byte on. */
static gboolean make_empty(const char *file, GError **error) {
  int descriptor = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor >= 0)
    return close(descriptor) == 0;
  g_autofree char *what = g_strdup_printf("making %s", file);
  return error_set_errno(error, errno, what);
}

static gboolean sync_file(const char *file, GError **error) {
  int descriptor = open(file, O_RDWR | O_CLOEXEC);
  gboolean good = descriptor >= 0 && fsync(descriptor) == 0;
  int problem = errno;
  if (descriptor >= 0)
    close(descriptor);
  return good || error_set_errno(error, problem, "writing the backup out");
}

static gboolean copy_into(Record *record, const char *file, GError **error) {
  gboolean frozen;
  sqlite3 *db = record_reader(record, &frozen, error);
  if (db == NULL)
    return FALSE;
  gboolean good = database_run(db, error, "VACUUM INTO ?", "t", file);
  record_reader_return(record, db, frozen);
  return good && sync_file(file, error);
}

gboolean record_backup(Record *record, const char *file, GError **error) {
  g_autoptr(Ledger) ledger = ledger_open(record->path, error);
  g_autofree char *part = g_strconcat(file, ".part", NULL), *whole = g_canonicalize_filename(file, NULL);
  if (!ledger || !refuse_existing(file, error) || !make_empty(part, error))
    return FALSE;
  /* Registered first: an erasure in between must not miss it. */
  gboolean good = copy_into(record, part, error) && ledger_add_backup(ledger, whole, error) && file_rename_new(part, file, error);
  if (!good)
    unlink(part);
  return good;
}

/* --- erasing in one -------------------------------------------------------------------------------------------- */

static gboolean is_erased_already(Record *record, const GArray *identifiers, gboolean *all, GError **error) {
  *all = TRUE;
  for (guint i = 0; *all && i < identifiers->len; i++) {
    gint64 there;
    g_autoptr(RecordHold) hold = record_hold(record);
    if (!database_int(record->db, &there, 0, error, "SELECT 1 FROM tombstone WHERE low = ?", "i",
                      (gint64)g_array_index(identifiers, guint64, i)))
      return FALSE;
    *all = there != 0;
  }
  return TRUE;
}

/* What the receipt says of a record of which `copy` is an earlier state. */
static gboolean erase_as(Record *copy, const Receipt *receipt, gboolean *did, GError **error) {
  guint64 branch, through = record_through(copy);
  gboolean all;
  if (!is_erased_already(copy, receipt->identifiers, &all, error) || !record_branch(copy, &branch, error))
    return FALSE;
  *did = !all;
  if (all)
    return TRUE;
  gboolean same = branch == receipt->branch;
  Erasure erasure = {.identifiers = (const guint64 *)receipt->identifiers->data, .n_identifiers = receipt->identifiers->len};
  erasure.rows = (const guint64 *)receipt->rows->data;
  while (same && erasure.n_rows < receipt->rows->len && erasure.rows[erasure.n_rows] <= through)
    erasure.n_rows++;
  erasure.through = same ? MIN(through, receipt->through) : 0;
  return record_erase(copy, &erasure, NULL, error);
}

static void remove_beside(const char *path, const char *const *suffixes) {
  for (; *suffixes; suffixes++) {
    g_autofree char *file = g_strconcat(path, *suffixes, NULL);
    unlink(file);
  }
}

gboolean backup_erase(const char *file, const Record *record, const Receipt *receipt, GError **error) {
  static const char *const left[] = {".lock", "-wal", "-shm", NULL};
  g_autofree char *key = g_strconcat(record->path, ".key", NULL);
  g_autoptr(Record) copy = record_open_keyed(file, RECORD_WRITE, key, error);
  gboolean did;
  if (copy == NULL)
    return FALSE;
  if (copy->id != record->id)
    return error_set(error, ERROR_CONFLICT, "%s is a backup of another record", file);
  if (!erase_as(copy, receipt, &did, error))
    return FALSE;
  g_clear_pointer(&copy, record_free);
  remove_beside(file, left);
  return TRUE;
}

/* --- coming back -------------------------------------------------------------------------------------------------- */

static gboolean copy_file(const char *from, const char *to, GError **error) {
  g_autoptr(GError) problem = NULL;
  g_autoptr(GFile) source = g_file_new_for_path(from), target = g_file_new_for_path(to);
  if (!g_file_copy(source, target, G_FILE_COPY_TARGET_DEFAULT_PERMS, NULL, NULL, NULL, &problem))
    return error_set(error, ERROR_IO, "%s", problem->message);
  return chmod(to, 0600) == 0 && sync_file(to, error);
}

/* Checks what comes before anything is written. */
static gboolean check_restore(const char *file, const char *path, GError **error) {
  g_autofree char *key = g_strconcat(path, ".key", NULL);
  if (g_file_test(path, G_FILE_TEST_EXISTS))
    return error_set(error, ERROR_CONFLICT, "%s is there already\nhint: --db names a new one; nothing is overwritten", path);
  if (!g_file_test(file, G_FILE_TEST_IS_REGULAR))
    return error_set(error, ERROR_NOT_FOUND, "there is no backup %s", file);
  return g_file_test(key, G_FILE_TEST_EXISTS) || g_getenv("ETAPPE_KEY") ||
         error_set(error, ERROR_NOT_FOUND,
                   "%s is not there, and a backup holds no key\nhint: put the project's key file back first; without it nobody is "
                   "recognised",
                   key);
}

static gboolean remove_derived(const char *path, GError **error) {
  static const char *const left[] = {"-wal", "-shm", NULL};
  g_autofree char *index = g_strconcat(path, ".index", NULL), *seen = g_strconcat(path, ".seen", NULL);
  remove_beside(path, left);
  return file_remove_folder(index, error) && file_remove_folder(seen, error);
}

static gboolean begin_branch(Record *record, GError **error) {
  gint64 branch;
  g_autoptr(RecordHold) hold = record_hold(record);
  if (getrandom(&branch, sizeof branch, 0) != sizeof branch)
    return error_set_errno(error, errno, "making a number");
  if (!record_begin(record, TRUE, error))
    return FALSE;
  if (!database_run(record->db, error, "INSERT OR REPLACE INTO meta (name, value) VALUES ('branch', ?)", "i", branch | 1))
    return record_cancel(record);
  return record_commit_events(record, 0, FALSE, error);
}

static gboolean replay(Record *record, const char *path, guint *erased, GError **error) {
  g_autoptr(Ledger) ledger = ledger_open(path, error);
  g_autoptr(GPtrArray) receipts = ledger ? ledger_receipts(ledger, error) : NULL;
  for (guint i = 0; receipts && i < receipts->len; i++) {
    const Receipt *receipt = receipts->pdata[i];
    gboolean did = FALSE;
    if (receipt->record == record->id && !erase_as(record, receipt, &did, error))
      return FALSE;
    *erased += did;
  }
  return receipts != NULL && begin_branch(record, error);
}

/* Under another name until nobody who was erased is in it any more. */
gboolean record_restore(const char *file, const char *path, guint *erased, GError **error) {
  static const char *const left[] = {"", ".lock", "-wal", "-shm", NULL};
  g_autofree char *part = g_strconcat(path, ".part", NULL), *key = g_strconcat(path, ".key", NULL);
  *erased = 0;
  if (!check_restore(file, path, error) || !copy_file(file, part, error))
    return FALSE;
  g_autoptr(Record) record = record_open_keyed(part, RECORD_WRITE, key, error);
  gboolean good = record && replay(record, path, erased, error);
  g_clear_pointer(&record, record_free);
  good = good && remove_derived(path, error) && file_rename_new(part, path, error);
  remove_beside(part, good ? left + 1 : left);
  return good;
}
