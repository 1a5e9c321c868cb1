/* SPDX-License-Identifier: Apache-2.0
 * backup.h: a copy of the record in one file, made while it is written to, and a record made from such a file. The project's key is
 * in neither: without it a backup names nobody who is not kept plain. */
#pragma once
#include "record/ledger.h"

/* As of one moment; the writer is not held up. Registered, so that erasures reach it. ERROR_CONFLICT when `file` is there already.
 */
gboolean record_backup(Record *record, const char *file, GError **error);

/* A new record at `path` from a backup; the key must stand at `path`.key (or be ETAPPE_KEY). What is derived is made anew. Who was
 * erased since is erased there too: *erased persons. ERROR_CONFLICT when there is a record already. */
gboolean record_restore(const char *file, const char *path, guint *erased, GError **error);

/* Erases in a backup what the receipt says. */
gboolean backup_erase(const char *file, const Record *record, const Receipt *receipt, GError **error);

/* A record that came back from a backup goes its own way: numbers given since mean other events than in the one before. */
gboolean record_branch(Record *record, guint64 *branch, GError **error);
