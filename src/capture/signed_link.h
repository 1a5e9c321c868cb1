/* SPDX-License-Identifier: Apache-2.0
 * signed_link.h: an address of ours that carries what it stands for: a redirect (/l/...) or the pixel of an e-mail
 * (/o/....gif). The whole is sealed with the project's key: nobody without it can make one, change its target or read
 * whom it was made for. The same link is always the same address; nothing is stored. */
#pragma once
#include "base/hash.h"

typedef enum { LINK_REDIRECT, LINK_PIXEL } SignedLinkKind;

typedef struct { /* texts may be NULL, except name, and target of a redirect */
  SignedLinkKind kind;
  char *target; /* http or https */
  char *name;
  char *channel, *source, *medium, *campaign, *content, *term, *touchpoint;
  char *person; /* "user:anna": a namespace and a value */
  char *event;  /* instead of what the channel says: Email Link Clicked, QR Code Scanned, Link Clicked, Email Opened */
} SignedLink;

enum { LINK_TARGET_MAX = 2048, LINK_FIELD_MAX = 256, LINK_TOKEN_MAX = 8192 };

void signed_link_free(SignedLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SignedLink, signed_link_free)
/* ERROR_INVALID for a target that is no web address, a missing name, a field that is too long. */
gboolean signed_link_check(const SignedLink *link, GError **error);
/* The target with utm_ parameters for the campaign fields, each unless it is there. Caller frees. */
char *signed_link_tagged(const SignedLink *link);

char *signed_link_write(const SignedLink *link, const HashKey *key); /* for an address; caller frees */
/* NULL with ERROR_NOT_FOUND when it was not made with this key. */
SignedLink *signed_link_read(const char *token, gsize size, const HashKey *key, GError **error);
const char *signed_link_event(const SignedLink *link);
