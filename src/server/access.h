/* SPDX-License-Identifier: Apache-2.0
 * access.h: who may do what: keys, in the small file `<db>.access` (SQLite, mode 0600), which the server and the
 * command line may use at the same time. Only keyed hashes of keys are stored: a lost key is made anew. */
#pragma once
#include "capture/source.h"

typedef struct Access Access; /* any thread */

/* Made if missing; the project's secret `<db>.key` must be there. */
Access *access_open(const char *db_path, GError **error);
void access_free(Access *access);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Access, access_free)

typedef struct {
  gint64 id;
  char *name, *group, *hint; /* hint: the first characters, to tell keys apart */
  KeyRole role;
  SourceKind kind;
  gint64 created_ms;
} AccessKey;
void access_key_free(AccessKey *key);

/* `*key` is shown once and stored nowhere; caller frees. ERROR_CONFLICT when the name has a key of another role. */
gboolean access_key_create(Access *access, const char *name, const char *group, SourceKind kind, KeyRole role, char **key,
                           GError **error);
GPtrArray *access_keys(Access *access, GError **error);                /* of AccessKey */
gboolean access_key_revoke(Access *access, gint64 id, GError **error); /* ERROR_NOT_FOUND */

/* What the key stands for, a new reference, or NULL. About 100 ns; what another process changed is seen within a second. */
CaptureSource *access_find(Access *access, const char *key);
