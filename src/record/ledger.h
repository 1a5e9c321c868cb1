/* SPDX-License-Identifier: Apache-2.0
 * ledger.h: what must outlive the record and is in no backup: who was erased (keyed hashes only), with receipts, and which backups
 * there are. The file `<db>.ledger` (SQLite, mode 0600) stands beside the record. A record that comes back from a backup is made
 * to forget them again. */
#pragma once
#include "record/erase.h"

typedef struct Ledger Ledger; /* one thread at a time */

Ledger *ledger_open(const char *db_path, GError **error); /* made if missing */
void ledger_free(Ledger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ledger, ledger_free)

typedef struct {
  char *receipt, *by;
  char *backups; /* JSON: [{"file", "state"}]; NULL while the erasure is under way */
  gint64 at_ms;
  guint64 events;
  guint64 record, branch, through; /* rows are numbers of that record and branch */
  GArray *identifiers, *rows;      /* of guint64 */
} Receipt;
void receipt_free(Receipt *receipt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Receipt, receipt_free)

/* Before anything is erased: a crash in between loses nothing. */
Receipt *ledger_begin(Ledger *ledger, Record *record, const Erasure *erasure, const char *by, GError **error);
gboolean ledger_end(Ledger *ledger, const Receipt *receipt, GError **error); /* with events and backups */
GPtrArray *ledger_receipts(Ledger *ledger, GError **error);                  /* of Receipt*, the oldest first */

gboolean ledger_add_backup(Ledger *ledger, const char *file, GError **error);
GPtrArray *ledger_backups(Ledger *ledger, GError **error); /* of char* */
