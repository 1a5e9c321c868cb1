/* SPDX-License-Identifier: Apache-2.0
 * hook.h: how the requests of another program's webhook become events: the section `hooks` of the project file.
 * docs/webhooks.md has every key and examples. Immutable once parsed. */
#pragma once
#include "base/clock.h"
#include "project/tree.h"
#include "wire/identifier.h"

typedef enum {
  HOOK_HMAC_SHA256, /* a header holds the keyed hash of the body */
  HOOK_TOKEN,       /* a header, or ?token=, holds the secret itself */
  HOOK_OPEN         /* anybody may send: said so on purpose */
} HookProof;

typedef struct {
  char *field; /* of wire/mapping.h, "agent", or a property's name */
  char *path;  /* "customer.id | id": see hook_protocol.c; or a constant, for those of `set` */
} HookField;

typedef struct {
  char *path;
  GPtrArray *values; /* char*: one of them must be what stands there */
} HookOnly;

typedef struct {
  char *name, *source;
  HookProof proof;
  char *secret_env, *secret_file; /* where the secret is kept: never in the project file itself */
  char *header, *prefix;          /* of the proof; prefix: text before it, as "sha256=" */
  gboolean hex;                   /* the hash is hexadecimal, else Base64 */
  char *events;                   /* path of the list of events, NULL: the body is one, or a list of them */
  Zone *zone;                     /* of times without an offset */
  GPtrArray *fields, *set;        /* of HookField* */
  GPtrArray *names;               /* of HookField*: their name (field) and ours (path) */
  GPtrArray *only;                /* of HookOnly* */
  gboolean keep_others;           /* events whose name is not among `names` keep it, else they are skipped */
} Hook;

/* ERROR_INVALID with line and key. `spaces`: the project's identifiers, which fields may name. */
Hook *hook_read(TreeNode *map, const char *path, const Spaces *spaces, GError **error);
void hook_free(Hook *hook);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Hook, hook_free)
