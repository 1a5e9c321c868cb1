/* SPDX-License-Identifier: Apache-2.0
 * accounts.c: one connection behind one mutex. Passwords are worked on under a mutex of their own, one at a time, so
 * that many attempts cost neither memory nor the sessions of others. */
#include "server/accounts.h"

#include "base/clock.h"
#include "base/hash.h"
#include "record/database.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum { TOKEN_BYTES = 24, BUSY_MS = 3000, ATTEMPTS = 5, WAIT_MAX_S = 900, SENDERS_MAX = 10000, TEXT_MAX = 200 };
#define SETUP_MS MS_DAY
#define IDLE_MS (12 * MS_HOUR)
#define SESSION_MS (30 * MS_DAY)
#define SEEN_EVERY_MS (5 * MS_MINUTE)

typedef struct { /* wrong passwords in a row, for one account or from one sender */
  guint n;
  gint64 until_us;
} Failures;

struct Accounts {
  HashKey secret;
  pthread_mutex_t slow;  /* one password at a time */
  pthread_mutex_t mutex; /* guards what follows */
  sqlite3 *db;
  GHashTable *failures; /* guint64 -> Failures */
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE COLLATE NOCASE,"
    " name TEXT NOT NULL, role TEXT NOT NULL, password TEXT NOT NULL, created_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL"
    " DEFAULT 0) STRICT;"
    "CREATE TABLE IF NOT EXISTS session (hash BLOB PRIMARY KEY, account INTEGER NOT NULL, csrf TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS setup (hash BLOB PRIMARY KEY, created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, actor TEXT NOT NULL,"
    " action TEXT NOT NULL, subject TEXT, detail TEXT) STRICT;";

static const char *const roles[] = {[ROLE_VIEWER] = "viewer", [ROLE_ANALYST] = "analyst", [ROLE_ADMIN] = "admin"};

const char *role_text(Role role) {
  return roles[role];
}

gboolean role_parse(const char *text, Role *role) {
  for (guint i = 0; i < G_N_ELEMENTS(roles); i++)
    if (g_strcmp0(text, roles[i]) == 0) {
      *role = (Role)i;
      return TRUE;
    }
  return FALSE;
}

/* --- the file -------------------------------------------------------------------------------------------- */

static gboolean open_file(Accounts *accounts, const char *path, GError **error) {
  int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    g_autofree char *what = g_strdup_printf("opening %s", path);
    return error_set_errno(error, errno, what);
  }
  close(descriptor);
  int code = sqlite3_open_v2(path, &accounts->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
  if (code != SQLITE_OK)
    return database_fail(accounts->db, code, "opening the accounts", error);
  sqlite3_busy_timeout(accounts->db, BUSY_MS);
  if (!database_run(accounts->db, error, "PRAGMA journal_mode = DELETE", "") ||
      !database_run(accounts->db, error, "PRAGMA secure_delete = ON", ""))
    return FALSE;
  code = sqlite3_exec(accounts->db, schema, NULL, NULL, NULL);
  return code == SQLITE_OK || database_fail(accounts->db, code, "preparing the accounts", error);
}

static guint hash_number(gconstpointer key) {
  return (guint) * (const guint64 *)key; /* keyed already */
}

Accounts *accounts_open(const char *db_path, GError **error) {
  g_autoptr(Accounts) accounts = g_new0(Accounts, 1);
  g_autofree char *secret = g_strconcat(db_path, ".key", NULL), *path = g_strconcat(db_path, ".access", NULL);
  pthread_mutex_init(&accounts->slow, NULL);
  pthread_mutex_init(&accounts->mutex, NULL);
  accounts->failures = g_hash_table_new_full(hash_number, g_int64_equal, g_free, g_free);
  if (sodium_init() < 0 || !hash_key_load(&accounts->secret, secret, FALSE, error) || !open_file(accounts, path, error))
    return NULL;
  return g_steal_pointer(&accounts);
}

void accounts_free(Accounts *accounts) {
  if (accounts == NULL)
    return;
  g_hash_table_unref(accounts->failures);
  sqlite3_close(accounts->db);
  pthread_mutex_destroy(&accounts->mutex);
  pthread_mutex_destroy(&accounts->slow);
  g_free(accounts);
}

void account_free(Account *account) {
  if (account == NULL)
    return;
  g_free(account->email);
  g_free(account->name);
  g_free(account);
}

void session_free(Session *session) {
  if (session == NULL)
    return;
  g_free(session->name);
  g_free(session->email);
  g_free(session);
}

void audit_entry_free(AuditEntry *entry) {
  if (entry == NULL)
    return;
  g_free(entry->actor);
  g_free(entry->action);
  g_free(entry->subject);
  g_free(entry->detail);
  g_free(entry);
}

static char *make_token(void) {
  guint8 bytes[TOKEN_BYTES];
  char digits[2 * TOKEN_BYTES + 1];
  randombytes_buf(bytes, sizeof bytes);
  sodium_bin2hex(digits, sizeof digits, bytes, sizeof bytes);
  return g_strdup(digits);
}

static Text token_hash(const Accounts *accounts, const char *token, Hash128 *hash) {
  *hash = hash128(&accounts->secret, token, strlen(token));
  return (Text){(const char *)hash, sizeof *hash};
}

/* --- accounts --------------------------------------------------------------------------------------------- */

static gint64 count_accounts(Accounts *accounts, const char *where) {
  g_autofree char *sql = g_strconcat("SELECT count(*) FROM account ", where, NULL);
  gint64 n = -1;
  database_int(accounts->db, &n, -1, NULL, sql, "");
  return n;
}

gboolean accounts_none(Accounts *accounts) {
  pthread_mutex_lock(&accounts->mutex);
  gint64 n = count_accounts(accounts, "");
  pthread_mutex_unlock(&accounts->mutex);
  return n == 0;
}

static gboolean check_text(const char *what, const char *text, GError **error) {
  gsize size = text ? strlen(text) : 0;
  if (size == 0 || size > TEXT_MAX || !g_utf8_validate(text, -1, NULL))
    return error_set(error, ERROR_INVALID, "%s: a text of up to %d bytes is expected", what, TEXT_MAX);
  return TRUE;
}

static gboolean check_email(const char *email, GError **error) {
  const char *at = email ? strchr(email, '@') : NULL;
  if (!check_text("email", email, error))
    return FALSE;
  if (at == NULL || at == email || !at[1] || strpbrk(email, " \t\r\n<>\""))
    return error_set(error, ERROR_INVALID, "email: \"%s\" is no e-mail address", email);
  return TRUE;
}

static gboolean check_password(const char *password, GError **error) {
  gsize size = password ? strlen(password) : 0;
  if (size < PASSWORD_MIN || size > PASSWORD_MAX)
    return error_set(error, ERROR_INVALID, "password: at least %d characters are needed", PASSWORD_MIN);
  return TRUE;
}

static gboolean make_hash(Accounts *accounts, const char *password, char hash[crypto_pwhash_STRBYTES], GError **error) {
  pthread_mutex_lock(&accounts->slow);
  int code =
      crypto_pwhash_str(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE);
  pthread_mutex_unlock(&accounts->slow);
  return code == 0 || error_set(error, ERROR_LIMIT, "there is not enough memory to keep a password safely (64 MiB are needed)");
}

/* The mutex is held. */
static gboolean insert(Accounts *accounts, const char *name, const char *email, Role role, const char *hash, gint64 *id,
                       GError **error) {
  gint64 there;
  if (!database_int(accounts->db, &there, 0, error, "SELECT count(*) FROM account WHERE email = ?", "t", email))
    return FALSE;
  if (there)
    return error_set(error, ERROR_CONFLICT, "email: %s has an account already", email);
  if (!database_run(accounts->db, error, "INSERT INTO account (email, name, role, password, created_ms) VALUES (?, ?, ?, ?, ?)",
                    "ttt"
                    "ti",
                    email, name, role_text(role), hash, clock_now_ms()))
    return FALSE;
  if (id)
    *id = sqlite3_last_insert_rowid(accounts->db);
  return TRUE;
}

gboolean accounts_add(Accounts *accounts, const char *name, const char *email, Role role, const char *password, gint64 *id,
                      GError **error) {
  char hash[crypto_pwhash_STRBYTES];
  if (!check_text("name", name, error) || !check_email(email, error) || !check_password(password, error) ||
      !make_hash(accounts, password, hash, error))
    return FALSE;
  pthread_mutex_lock(&accounts->mutex);
  gboolean good = insert(accounts, name, email, role, hash, id, error);
  pthread_mutex_unlock(&accounts->mutex);
  return good;
}

/* The mutex is held. */
static char *new_setup(Accounts *accounts, GError **error) {
  Hash128 hash;
  g_autofree char *token = make_token();
  if (count_accounts(accounts, "")) {
    error_set(error, ERROR_CONFLICT, "there is an account already\nhint: an administrator makes further ones");
    return NULL;
  }
  if (!database_run(accounts->db, error, "DELETE FROM setup", "") ||
      !database_run(accounts->db, error, "INSERT INTO setup (hash, created_ms) VALUES (?, ?)", "bi",
                    token_hash(accounts, token, &hash), clock_now_ms()))
    return NULL;
  return g_steal_pointer(&token);
}

char *accounts_setup_token(Accounts *accounts, GError **error) {
  pthread_mutex_lock(&accounts->mutex);
  char *token = new_setup(accounts, error);
  pthread_mutex_unlock(&accounts->mutex);
  return token;
}

/* The mutex is held. */
static gboolean use_setup(Accounts *accounts, const char *token, const char *name, const char *email, const char *password_hash,
                          GError **error) {
  Hash128 hash;
  gint64 known;
  if (!database_int(accounts->db, &known, 0, error, "SELECT count(*) FROM setup WHERE hash = ? AND created_ms > ?", "bi",
                    token_hash(accounts, token, &hash), clock_now_ms() - SETUP_MS))
    return FALSE;
  if (!known || count_accounts(accounts, "") != 0)
    return error_set(
        error, ERROR_FORBIDDEN,
        "this link was used or is older than a day\nhint: start the server again: it prints a new one while there is no "
        "account");
  if (!database_begin(accounts->db, error))
    return FALSE;
  if (insert(accounts, name, email, ROLE_ADMIN, password_hash, NULL, error) &&
      database_run(accounts->db, error, "DELETE FROM setup", ""))
    return database_commit(accounts->db, error);
  database_roll_back(accounts->db);
  return FALSE;
}

gboolean accounts_setup(Accounts *accounts, const char *token, const char *name, const char *email, const char *password,
                        GError **error) {
  char hash[crypto_pwhash_STRBYTES];
  if (!check_text("token", token, error) || !check_text("name", name, error) || !check_email(email, error) ||
      !check_password(password, error) || !make_hash(accounts, password, hash, error))
    return FALSE;
  pthread_mutex_lock(&accounts->mutex);
  gboolean good = use_setup(accounts, token, name, email, hash, error);
  pthread_mutex_unlock(&accounts->mutex);
  return good;
}

static GPtrArray *read_all(Accounts *accounts, GError **error) {
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
  g_autoptr(sqlite3_stmt) statement =
      database_query(accounts->db, error, "SELECT id, email, name, role, created_ms, seen_ms FROM account ORDER BY id", "");
  for (gboolean row = statement != NULL; row;) {
    if (!database_step(statement, &row, error))
      return NULL;
    if (!row)
      return g_steal_pointer(&all);
    Account *account = g_new0(Account, 1);
    account->id = sqlite3_column_int64(statement, 0);
    account->email = database_column_text(statement, 1);
    account->name = database_column_text(statement, 2);
    role_parse((const char *)sqlite3_column_text(statement, 3), &account->role);
    account->created_ms = sqlite3_column_int64(statement, 4);
    account->seen_ms = sqlite3_column_int64(statement, 5);
    g_ptr_array_add(all, account);
  }
  return NULL;
}

GPtrArray *accounts_all(Accounts *accounts, GError **error) {
  pthread_mutex_lock(&accounts->mutex);
  GPtrArray *all = read_all(accounts, error);
  pthread_mutex_unlock(&accounts->mutex);
  return all;
}

/* The mutex is held. Somebody must be able to make accounts. */
static gboolean check_not_last(Accounts *accounts, gint64 id, GError **error) {
  gint64 others, there;
  if (!database_int(accounts->db, &there, 0, error, "SELECT count(*) FROM account WHERE id = ?", "i", id) ||
      !database_int(accounts->db, &others, 0, error, "SELECT count(*) FROM account WHERE role = 'admin' AND id <> ?", "i", id))
    return FALSE;
  if (!there)
    return error_set(error, ERROR_NOT_FOUND, "there is no account %" G_GINT64_FORMAT, id);
  return others > 0 || error_set(error, ERROR_CONFLICT, "this is the last administrator\nhint: make another one first");
}

static gboolean end_sessions(Accounts *accounts, gint64 id, GError **error) {
  return database_run(accounts->db, error, "DELETE FROM session WHERE account = ?", "i", id);
}

gboolean accounts_set_role(Accounts *accounts, gint64 id, Role role, GError **error) {
  pthread_mutex_lock(&accounts->mutex);
  gboolean good = (role == ROLE_ADMIN || check_not_last(accounts, id, error)) &&
                  database_run(accounts->db, error, "UPDATE account SET role = ? WHERE id = ?", "ti", role_text(role), id) &&
                  end_sessions(accounts, id, error);
  pthread_mutex_unlock(&accounts->mutex);
  return good;
}

gboolean accounts_set_password(Accounts *accounts, gint64 id, const char *password, GError **error) {
  char hash[crypto_pwhash_STRBYTES];
  if (!check_password(password, error) || !make_hash(accounts, password, hash, error))
    return FALSE;
  pthread_mutex_lock(&accounts->mutex);
  gboolean good =
      database_run(accounts->db, error, "UPDATE account SET password = ? WHERE id = ?", "ti", hash, id) &&
      (sqlite3_changes(accounts->db) == 1 || error_set(error, ERROR_NOT_FOUND, "there is no account %" G_GINT64_FORMAT, id)) &&
      end_sessions(accounts, id, error);
  pthread_mutex_unlock(&accounts->mutex);
  return good;
}

gboolean accounts_remove(Accounts *accounts, gint64 id, GError **error) {
  pthread_mutex_lock(&accounts->mutex);
  gboolean good = check_not_last(accounts, id, error) && end_sessions(accounts, id, error) &&
                  database_run(accounts->db, error, "DELETE FROM account WHERE id = ?", "i", id);
  pthread_mutex_unlock(&accounts->mutex);
  return good;
}

/* --- signing in --------------------------------------------------------------------------------------------- */

static guint64 failure_key(const Accounts *accounts, const char *kind, const char *text) {
  g_autofree char *folded = g_ascii_strdown(text, -1), *joined = g_strconcat(kind, folded, NULL);
  return hash64(&accounts->secret, joined, strlen(joined));
}

/* The mutex is held. Seconds that still have to pass. */
static guint must_wait(Accounts *accounts, guint64 key) {
  const Failures *failures = g_hash_table_lookup(accounts->failures, &key);
  gint64 left_us = failures ? failures->until_us - g_get_monotonic_time() : 0;
  return left_us > 0 ? (guint)(left_us / G_USEC_PER_SEC) + 1 : 0;
}

static gboolean is_over(gpointer key, gpointer value, gpointer user) {
  return ((const Failures *)value)->until_us < g_get_monotonic_time() - WAIT_MAX_S * G_USEC_PER_SEC;
}

/* The mutex is held. After some attempts each further one doubles the wait. */
static void note_failure(Accounts *accounts, guint64 key) {
  if (g_hash_table_size(accounts->failures) >= SENDERS_MAX)
    g_hash_table_foreach_remove(accounts->failures, is_over, NULL);
  if (g_hash_table_size(accounts->failures) >= SENDERS_MAX)
    return;
  Failures *failures = g_hash_table_lookup(accounts->failures, &key);
  if (failures == NULL) {
    failures = g_new0(Failures, 1);
    g_hash_table_insert(accounts->failures, g_memdup2(&key, sizeof key), failures);
  }
  failures->n++;
  guint over = failures->n < ATTEMPTS ? 0 : MIN(failures->n - ATTEMPTS, 10);
  failures->until_us = g_get_monotonic_time() + (failures->n < ATTEMPTS ? 0 : MIN((gint64)1 << over, WAIT_MAX_S) * G_USEC_PER_SEC);
}

typedef struct {
  gint64 id;
  char *hash;
} Known;

/* The mutex is held. */
static gboolean look_up(Accounts *accounts, const char *email, Known *known, GError **error) {
  gboolean row;
  g_autoptr(sqlite3_stmt) statement =
      database_query(accounts->db, error, "SELECT id, password FROM account WHERE email = ?", "t", email);
  if (statement == NULL || !database_step(statement, &row, error))
    return FALSE;
  *known = (Known){row ? sqlite3_column_int64(statement, 0) : 0, row ? database_column_text(statement, 1) : NULL};
  return TRUE;
}

/* The mutex is held. */
static char *new_session(Accounts *accounts, gint64 id, GError **error) {
  Hash128 hash;
  g_autofree char *token = make_token(), *csrf = make_token();
  gint64 now_ms = clock_now_ms();
  csrf[32] = '\0';
  if (!database_run(accounts->db, error, "DELETE FROM session WHERE seen_ms < ? OR created_ms < ?", "ii", now_ms - IDLE_MS,
                    now_ms - SESSION_MS) ||
      !database_run(accounts->db, error, "INSERT INTO session (hash, account, csrf, created_ms, seen_ms) VALUES (?, ?, ?, ?, ?)",
                    "bitii", token_hash(accounts, token, &hash), id, csrf, now_ms, now_ms) ||
      !database_run(accounts->db, error, "UPDATE account SET seen_ms = ? WHERE id = ?", "ii", now_ms, id))
    return NULL;
  return g_steal_pointer(&token);
}

/* As slow for addresses that nobody has. */
static gboolean verify(Accounts *accounts, const char *hash, const char *password) {
  char nobody[crypto_pwhash_STRBYTES];
  pthread_mutex_lock(&accounts->slow);
  gboolean right = hash && crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
  if (hash == NULL)
    (void)!crypto_pwhash_str(nobody, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                             crypto_pwhash_MEMLIMIT_INTERACTIVE);
  pthread_mutex_unlock(&accounts->slow);
  return right;
}

gboolean accounts_sign_in(Accounts *accounts, const char *email, const char *password, const char *sender, char **token,
                          guint *wait_s, GError **error) {
  guint64 by_email = failure_key(accounts, "email ", email), by_sender = failure_key(accounts, "sender ", sender);
  Known known = {0};
  pthread_mutex_lock(&accounts->mutex);
  *wait_s = MAX(must_wait(accounts, by_email), must_wait(accounts, by_sender));
  gboolean good = *wait_s == 0 && look_up(accounts, email, &known, error);
  pthread_mutex_unlock(&accounts->mutex);
  if (!good)
    return *wait_s ? error_set(error, ERROR_BUSY, "too many attempts\nhint: wait %u seconds", *wait_s) : FALSE;
  gboolean right = strlen(password) <= PASSWORD_MAX && verify(accounts, known.hash, password);
  g_free(known.hash);
  pthread_mutex_lock(&accounts->mutex);
  if (right) {
    g_hash_table_remove(accounts->failures, &by_email);
    *token = new_session(accounts, known.id, error);
    right = *token != NULL;
  } else {
    note_failure(accounts, by_email);
    note_failure(accounts, by_sender);
    error_set(error, ERROR_FORBIDDEN, "e-mail address and password do not belong together");
  }
  pthread_mutex_unlock(&accounts->mutex);
  return right;
}

/* The mutex is held. */
static Session *read_session(Accounts *accounts, const char *token) {
  Hash128 hash;
  gboolean row;
  gint64 now_ms = clock_now_ms();
  Text blob = token_hash(accounts, token, &hash);
  g_autoptr(sqlite3_stmt) statement =
      database_query(accounts->db, NULL,
                     "SELECT a.id, a.name, a.email, a.role, s.csrf, s.seen_ms FROM session s JOIN account a ON a.id = s.account"
                     " WHERE s.hash = ? AND s.seen_ms > ? AND s.created_ms > ?",
                     "bii", blob, now_ms - IDLE_MS, now_ms - SESSION_MS);
  if (statement == NULL || !database_step(statement, &row, NULL) || !row)
    return NULL;
  g_autoptr(Session) session = g_new0(Session, 1);
  session->account = sqlite3_column_int64(statement, 0);
  session->name = database_column_text(statement, 1);
  session->email = database_column_text(statement, 2);
  if (!role_parse((const char *)sqlite3_column_text(statement, 3), &session->role))
    return NULL;
  g_strlcpy(session->csrf, (const char *)sqlite3_column_text(statement, 4), sizeof session->csrf);
  if (sqlite3_column_int64(statement, 5) < now_ms - SEEN_EVERY_MS)
    database_run(accounts->db, NULL, "UPDATE session SET seen_ms = ? WHERE hash = ?", "ib", now_ms, blob);
  return g_steal_pointer(&session);
}

Session *accounts_session(Accounts *accounts, const char *token) {
  pthread_mutex_lock(&accounts->mutex);
  Session *session = read_session(accounts, token);
  pthread_mutex_unlock(&accounts->mutex);
  return session;
}

void accounts_sign_out(Accounts *accounts, const char *token) {
  Hash128 hash;
  pthread_mutex_lock(&accounts->mutex);
  database_run(accounts->db, NULL, "DELETE FROM session WHERE hash = ?", "b", token_hash(accounts, token, &hash));
  pthread_mutex_unlock(&accounts->mutex);
}

/* --- audit --------------------------------------------------------------------------------------------------- */

gboolean accounts_audit(Accounts *accounts, const char *actor, const char *action, const char *subject, const char *detail,
                        GError **error) {
  pthread_mutex_lock(&accounts->mutex);
  gboolean good =
      database_run(accounts->db, error, "INSERT INTO audit (at_ms, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)", "itttt",
                   clock_now_ms(), actor, action, subject, detail);
  pthread_mutex_unlock(&accounts->mutex);
  return good;
}

static GPtrArray *read_audit(Accounts *accounts, gint64 before, guint limit, GError **error) {
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)audit_entry_free);
  g_autoptr(sqlite3_stmt) statement = database_query(
      accounts->db, error, "SELECT id, at_ms, actor, action, subject, detail FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?",
      "ii", before > 0 ? before : G_MAXINT64, (gint64)limit);
  for (gboolean row = statement != NULL; row;) {
    if (!database_step(statement, &row, error))
      return NULL;
    if (!row)
      return g_steal_pointer(&list);
    AuditEntry *entry = g_new0(AuditEntry, 1);
    entry->id = sqlite3_column_int64(statement, 0);
    entry->at_ms = sqlite3_column_int64(statement, 1);
    entry->actor = database_column_text(statement, 2);
    entry->action = database_column_text(statement, 3);
    entry->subject = database_column_text(statement, 4);
    entry->detail = database_column_text(statement, 5);
    g_ptr_array_add(list, entry);
  }
  return NULL;
}

GPtrArray *accounts_audit_list(Accounts *accounts, gint64 before, guint limit, GError **error) {
  pthread_mutex_lock(&accounts->mutex);
  GPtrArray *list = read_audit(accounts, before, limit, error);
  pthread_mutex_unlock(&accounts->mutex);
  return list;
}

static gboolean write_about(Accounts *accounts, const char *subject, JsonOut *out, GError **error) {
  g_autoptr(sqlite3_stmt) statement = database_query(
      accounts->db, error, "SELECT at_ms, actor, action, detail FROM audit WHERE subject = ? ORDER BY id", "t", subject);
  for (gboolean row = statement != NULL; row;) {
    if (!database_step(statement, &row, error))
      return FALSE;
    if (!row)
      return TRUE;
    g_autofree char *at = clock_text(sqlite3_column_int64(statement, 0)), *actor = database_column_text(statement, 1),
                    *action = database_column_text(statement, 2), *detail = database_column_text(statement, 3);
    json_object(out);
    json_kv_string(out, "time", at);
    json_kv_string(out, "actor", actor);
    json_kv_string(out, "action", action);
    json_kv_string(out, "detail", detail);
    json_object_end(out);
  }
  return FALSE;
}

gboolean accounts_write_about(const char *db_path, guint64 person, JsonOut *out, GError **error) {
  g_autofree char *subject = g_strdup_printf("%016" G_GINT64_MODIFIER "x", person);
  g_autoptr(Accounts) accounts = accounts_open(db_path, error);
  if (accounts == NULL)
    return FALSE;
  json_key(out, "audit");
  json_array(out);
  gboolean good = write_about(accounts, subject, out, error);
  json_array_end(out);
  return good;
}
