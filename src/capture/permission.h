/* SPDX-License-Identifier: Apache-2.0
 * permission.h: what may be kept of an event by what its person agreed to, and what a public key's word is worth. docs/privacy.md
 * tells the rules to people.
 *
 *   who is named by a public key beside a device, without proof   the names are passed over
 *   who agrees or refuses                                         submission_consent(), for those who may say so
 *   who did not agree, where that is needed, or sends GPC or DNT  counted without identifiers, or dropped
 *   the same, where the source is anonymous                       counted as visitor of a day */
#pragma once
#include "capture/protocol.h"

typedef struct Permissions Permissions; /* any thread; holds the salt of the day, which is never written */

Permissions *permissions_new(const Record *record);
void permissions_free(Permissions *permissions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Permissions, permissions_free)

typedef struct {
  guint64 unproven; /* events whose user was not proven and was passed over */
  guint64 ignored;  /* statements of consent by somebody who may not say so */
  guint64 without;  /* events counted without identifiers for want of consent */
  guint64 dropped;  /* ... or dropped */
} PermissionFigures;
void permissions_figures(Permissions *permissions, PermissionFigures *figures);

enum { VISITOR_SIZE = 17 };
typedef struct {
  const CaptureWorker *worker;
  const CaptureRequest *request;
  gboolean by_person; /* the request comes from the person's own browser, whoever signed it */
} PermissionAsked;
/* Notes consents in the submission and takes away what may not be kept, which *changed tells; `visitor` holds a text of the
 * event. FALSE: it is dropped. */
gboolean permission_apply(const PermissionAsked *asked, Submission *submission, Event *event, char visitor[VISITOR_SIZE],
                          gboolean *changed);

/* What proves a user id in events of a public key: hex HMAC-SHA256 of the id with this secret, as context.proof. 32 hex digits. */
enum { PROOF_SECRET_SIZE = 33 };
void permission_proof_secret(const HashKey *key, char secret[PROOF_SECRET_SIZE]);
