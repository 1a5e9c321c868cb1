/* SPDX-License-Identifier: Apache-2.0
 * accounts.h: the people who use the app: accounts with a role, their sessions, and the log of what was done with
 * personal data. They stand in `<db>.access` beside the keys. Passwords are kept as Argon2id, session tokens as keyed
 * hashes: whoever reads the file can use neither. Any thread. */
#pragma once
#include "base/error.h"
#include "base/json_out.h"

typedef enum { ROLE_VIEWER, ROLE_ANALYST, ROLE_ADMIN } Role; /* figures; persons too; everything */

const char *role_text(Role role);
gboolean role_parse(const char *text, Role *role);

typedef struct Accounts Accounts;

/* Made if missing; the project's secret `<db>.key` must be there. */
Accounts *accounts_open(const char *db_path, GError **error);
void accounts_free(Accounts *accounts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Accounts, accounts_free)

typedef struct {
  gint64 id;
  char *email, *name;
  Role role;
  gint64 created_ms, seen_ms; /* seen: last signed in, 0 never */
} Account;
void account_free(Account *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Account, account_free)

enum { PASSWORD_MIN = 12, PASSWORD_MAX = 1024 };

gboolean accounts_none(Accounts *accounts); /* nobody has one yet */
/* A token for one account with role admin, good for a day and once; earlier ones end. ERROR_CONFLICT when there is
 * an account. Caller frees. */
char *accounts_setup_token(Accounts *accounts, GError **error);
gboolean accounts_setup(Accounts *accounts, const char *token, const char *name, const char *email, const char *password,
                        GError **error);

/* ERROR_CONFLICT when the address has one. Slow on purpose, with 64 MiB of memory, one at a time. */
gboolean accounts_add(Accounts *accounts, const char *name, const char *email, Role role, const char *password, gint64 *id,
                      GError **error);
GPtrArray *accounts_all(Accounts *accounts, GError **error); /* of Account* */
/* The last admin stays one: ERROR_CONFLICT. Ends the account's sessions. */
gboolean accounts_set_role(Accounts *accounts, gint64 id, Role role, GError **error);
gboolean accounts_set_password(Accounts *accounts, gint64 id, const char *password, GError **error);
gboolean accounts_remove(Accounts *accounts, gint64 id, GError **error);

/* --- sessions ------------------------------------------------------------------------------------------ */
typedef struct {
  gint64 account;
  char *name, *email;
  Role role;
  char csrf[33]; /* what every changing request of the session must carry */
} Session;
void session_free(Session *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_free)

/* *token goes into a cookie; caller frees. ERROR_FORBIDDEN for a wrong address or password (which of them is not said),
 * ERROR_BUSY with *wait_s after too many of them for this account or from this sender. */
gboolean accounts_sign_in(Accounts *accounts, const char *email, const char *password, const char *sender, char **token,
                          guint *wait_s, GError **error);
/* NULL when it ended (12 hours without use, 30 days at most) or never was. */
Session *accounts_session(Accounts *accounts, const char *token);
void accounts_sign_out(Accounts *accounts, const char *token);

/* --- audit: who did what, by ids only ---------------------------------------------------------------------- */
typedef struct {
  gint64 id, at_ms;
  char *actor, *action, *subject, *detail;
} AuditEntry;
void audit_entry_free(AuditEntry *entry);

/* `actor` is "account:3" or "key:shop" or "cli"; `subject` a person id or what else it was about. */
gboolean accounts_audit(Accounts *accounts, const char *actor, const char *action, const char *subject, const char *detail,
                        GError **error);
GPtrArray *accounts_audit_list(Accounts *accounts, gint64 before, guint limit, GError **error); /* newest first; before 0: all */
/* The member `audit`: who did what with this person's data, for a copy of it. */
gboolean accounts_write_about(const char *db_path, guint64 person, JsonOut *out, GError **error);
