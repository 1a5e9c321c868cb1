/* SPDX-License-Identifier: Apache-2.0
 * access.c: the keys stand in memory by their hash and are read again when another process changed the file, which
 * SQLite's data_version tells for about a microsecond. */
#include "server/access.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "record/database.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <unistd.h>

enum { LOOK_AGAIN_US = 500000, MISS_AGAIN_US = 10000, KEY_BYTES = 16, HASH_BYTES = 16, BUSY_MS = 3000 };

struct Access {
  char *path;
  HashKey secret;
  pthread_mutex_t mutex; /* guards what follows */
  sqlite3 *db;
  GHashTable *sources; /* Hash128 -> CaptureSource */
  gint64 version, looked_us;
};

/* --- the file ----------------------------------------------------------------------------------------- */

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS key (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL,"
    " grp TEXT, role TEXT NOT NULL, kind TEXT NOT NULL, hint TEXT NOT NULL, created_ms INTEGER NOT NULL,"
    " revoked_ms INTEGER)";

static gboolean open_file(Access *access, GError **error) {
  int descriptor = open(access->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    g_autofree char *what = g_strdup_printf("opening %s", access->path);
    return error_set_errno(error, errno, what);
  }
  close(descriptor);
  int code = sqlite3_open_v2(access->path, &access->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (code != SQLITE_OK)
    return database_fail(access->db, code, "opening the keys", error);
  sqlite3_busy_timeout(access->db, BUSY_MS);
  return database_run(access->db, error, "PRAGMA journal_mode = DELETE", "") &&
         database_run(access->db, error, "PRAGMA secure_delete = ON", "") && database_run(access->db, error, schema, "");
}

static guint hash_of(gconstpointer key) {
  return (guint)((const Hash128 *)key)->low; /* keyed already */
}

static gboolean same(gconstpointer a, gconstpointer b) {
  return memcmp(a, b, sizeof(Hash128)) == 0;
}

static void unref_source(gpointer source) {
  capture_source_unref(source);
}

static Hash128 hash_key(const Access *access, const char *key) {
  return hash128(&access->secret, key, strlen(key));
}

/* Trackers that know a site by a number (Matomo) or by G-XXXXXXXX (GA4) name a public source by it: the name of a public
 * key is no more secret than the key itself. Other names are too easily guessed by whoever wants to fill them with noise. */
static gboolean is_site_number(KeyRole role, const char *name) {
  gboolean ga4 = g_str_has_prefix(name, "G-") && name[2];
  return role == KEY_SOURCE && *name &&
         (ga4 ? strspn(name + 2, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(name + 2)
              : strspn(name, "0123456789") == strlen(name));
}

static void add_source(const Access *access, GHashTable *sources, const void *hash, CaptureSource *take) {
  if (is_site_number(take->role, take->name)) {
    Hash128 number = hash_key(access, take->name);
    g_hash_table_replace(sources, g_memdup2(&number, sizeof number), capture_source_ref(take));
  }
  g_hash_table_replace(sources, g_memdup2(hash, sizeof(Hash128)), take);
}

static GHashTable *read_sources(Access *access, GError **error) {
  g_autoptr(GHashTable) sources = g_hash_table_new_full(hash_of, same, g_free, unref_source);
  g_autoptr(sqlite3_stmt) statement =
      database_query(access->db, error, "SELECT hash, name, grp, role, kind FROM key WHERE revoked_ms IS NULL", "");
  for (gboolean row = statement != NULL; row;) {
    KeyRole role;
    SourceKind kind;
    if (!database_step(statement, &row, error))
      return NULL;
    if (!row)
      return g_steal_pointer(&sources);
    if (sqlite3_column_bytes(statement, 0) != sizeof(Hash128) ||
        !key_role_parse((const char *)sqlite3_column_text(statement, 3), &role) ||
        !source_kind_parse((const char *)sqlite3_column_text(statement, 4), &kind))
      continue;
    add_source(access, sources, sqlite3_column_blob(statement, 0),
               capture_source_new((const char *)sqlite3_column_text(statement, 1), (const char *)sqlite3_column_text(statement, 2),
                                  kind, role));
  }
  return NULL;
}

/* The mutex is held. Trouble with the file keeps what is known. */
static gboolean look(Access *access, GError **error) {
  gint64 version;
  access->looked_us = g_get_monotonic_time();
  if (!database_int(access->db, &version, 0, error, "PRAGMA data_version", ""))
    return FALSE;
  if (access->sources && version == access->version)
    return TRUE;
  GHashTable *sources = read_sources(access, error);
  if (sources == NULL)
    return FALSE;
  g_clear_pointer(&access->sources, g_hash_table_unref);
  access->sources = sources;
  access->version = version;
  return TRUE;
}

static gboolean read_again(Access *access, GError **error) {
  g_clear_pointer(&access->sources, g_hash_table_unref);
  return look(access, error);
}

Access *access_open(const char *db_path, GError **error) {
  g_autoptr(Access) access = g_new0(Access, 1);
  g_autofree char *secret = g_strconcat(db_path, ".key", NULL);
  access->path = g_strconcat(db_path, ".access", NULL);
  pthread_mutex_init(&access->mutex, NULL);
  if (!hash_key_load(&access->secret, secret, FALSE, error) || !open_file(access, error) || !look(access, error))
    return NULL;
  return g_steal_pointer(&access);
}

void access_free(Access *access) {
  if (access == NULL)
    return;
  g_clear_pointer(&access->sources, g_hash_table_unref);
  sqlite3_close(access->db);
  pthread_mutex_destroy(&access->mutex);
  g_free(access->path);
  g_free(access);
}

/* --- keys ------------------------------------------------------------------------------------------------ */

void access_key_free(AccessKey *key) {
  if (key == NULL)
    return;
  g_free(key->name);
  g_free(key->group);
  g_free(key->hint);
  g_free(key);
}

static const char *const prefixes[] = {[KEY_SOURCE] = "src_", [KEY_WRITE] = "wrt_", [KEY_READ] = "read_", [KEY_ADMIN] = "adm_"};

static char *make_key(KeyRole role) {
  guint8 bytes[KEY_BYTES];
  char digits[2 * KEY_BYTES + 1];
  randombytes_buf(bytes, sizeof bytes);
  sodium_bin2hex(digits, sizeof digits, bytes, sizeof bytes);
  return g_strconcat(prefixes[role], digits, NULL);
}

/* The source keeps its meaning: all its keys are of one kind and group. */
static gboolean check_name(Access *access, const char *name, const char *group, SourceKind kind, GError **error) {
  gint64 other;
  if (!*name || strlen(name) > 200)
    return error_set(error, ERROR_USAGE, "a key needs a name of up to 200 bytes: the source of its events");
  if (!database_int(access->db, &other, 0, error,
                    "SELECT count(*) FROM key WHERE revoked_ms IS NULL AND name = ? AND role IN ('source', 'write')"
                    " AND (kind <> ? OR coalesce(grp, name) <> ?)",
                    "ttt", name, source_kind_text(kind), group ? group : name))
    return FALSE;
  return other == 0 || error_set(error, ERROR_CONFLICT,
                                 "\"%s\" has a key of another kind or group already\nhint: name this one differently, or "
                                 "revoke the other first (`etappe key list`)",
                                 name);
}

gboolean access_key_create(Access *access, const char *name, const char *group, SourceKind kind, KeyRole role, char **key,
                           GError **error) {
  g_autofree char *made = make_key(role);
  g_autofree char *hint = g_strndup(made, strlen(prefixes[role]) + 4);
  Hash128 hash = hash_key(access, made);
  Text blob = {(const char *)&hash, sizeof hash};
  pthread_mutex_lock(&access->mutex);
  gboolean good = (role == KEY_READ || role == KEY_ADMIN || check_name(access, name, group, kind, error)) &&
                  database_run(access->db, error,
                               "INSERT INTO key (hash, name, grp, role, kind, hint, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
                               "bttttti", blob, name, group, key_role_text(role), source_kind_text(kind), hint, clock_now_ms()) &&
                  read_again(access, error);
  pthread_mutex_unlock(&access->mutex);
  if (good)
    *key = g_steal_pointer(&made);
  return good;
}

static AccessKey *read_key(sqlite3_stmt *statement) {
  AccessKey *key = g_new0(AccessKey, 1);
  key->id = sqlite3_column_int64(statement, 0);
  key->name = database_column_text(statement, 1);
  key->group = database_column_text(statement, 2);
  key_role_parse((const char *)sqlite3_column_text(statement, 3), &key->role);
  source_kind_parse((const char *)sqlite3_column_text(statement, 4), &key->kind);
  key->hint = database_column_text(statement, 5);
  key->created_ms = sqlite3_column_int64(statement, 6);
  return key;
}

static GPtrArray *read_keys(Access *access, GError **error) {
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)access_key_free);
  g_autoptr(sqlite3_stmt) statement = database_query(
      access->db, error, "SELECT id, name, grp, role, kind, hint, created_ms FROM key WHERE revoked_ms IS NULL ORDER BY id", "");
  for (gboolean row = statement != NULL; row;) {
    if (!database_step(statement, &row, error))
      return NULL;
    if (!row)
      return g_steal_pointer(&keys);
    g_ptr_array_add(keys, read_key(statement));
  }
  return NULL;
}

GPtrArray *access_keys(Access *access, GError **error) {
  pthread_mutex_lock(&access->mutex);
  GPtrArray *keys = read_keys(access, error);
  pthread_mutex_unlock(&access->mutex);
  return keys;
}

static gboolean revoke_key(Access *access, gint64 id, GError **error) {
  if (!database_run(access->db, error, "UPDATE key SET revoked_ms = ? WHERE id = ? AND revoked_ms IS NULL", "ii", clock_now_ms(),
                    id))
    return FALSE;
  if (sqlite3_changes(access->db) != 1)
    return error_set(error, ERROR_NOT_FOUND, "there is no key %" G_GINT64_FORMAT "\nhint: `etappe key list` shows them", id);
  return read_again(access, error);
}

gboolean access_key_revoke(Access *access, gint64 id, GError **error) {
  pthread_mutex_lock(&access->mutex);
  gboolean good = revoke_key(access, id, error);
  pthread_mutex_unlock(&access->mutex);
  return good;
}

CaptureSource *access_find(Access *access, const char *key) {
  Hash128 hash = hash_key(access, key);
  pthread_mutex_lock(&access->mutex);
  gint64 ago_us = g_get_monotonic_time() - access->looked_us;
  if (ago_us > LOOK_AGAIN_US)
    look(access, NULL);
  CaptureSource *source = access->sources ? g_hash_table_lookup(access->sources, &hash) : NULL;
  if (source == NULL && ago_us > MISS_AGAIN_US && look(access, NULL)) /* it may have been made just now */
    source = g_hash_table_lookup(access->sources, &hash);
  if (source)
    capture_source_ref(source);
  pthread_mutex_unlock(&access->mutex);
  return source;
}
