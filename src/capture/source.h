/* SPDX-License-Identifier: Apache-2.0
 * source.h: who sends: what a key stands for. Public keys (in a page, an app) are no secrets, so what they say is
 * believed less: see admission.h. */
#pragma once
#include "project/project.h"
#include <stdatomic.h>

typedef enum { KEY_SOURCE, KEY_WRITE, KEY_READ, KEY_ADMIN } KeyRole; /* SOURCE: public, WRITE: a server's secret */

typedef struct {
  atomic_uint references;
  char *name;  /* the source of its events; the project file may say more about it */
  char *group; /* copies of one event from sources of one group are one event */
  SourceKind kind;
  KeyRole role;
  gboolean trusted; /* may alias, state cost, grant consent for a known user, link users: role write or admin */
  gboolean basis;   /* events may be measured without a consent of their own: trusted ones, unless the project says otherwise */
} CaptureSource;    /* immutable; counted */

/* `group` NULL: the name. `trusted` and `basis` follow the role. */
CaptureSource *capture_source_new(const char *name, const char *group, SourceKind kind, KeyRole role);
CaptureSource *capture_source_ref(CaptureSource *source);
void capture_source_unref(CaptureSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CaptureSource, capture_source_unref)

gboolean key_role_parse(const char *text, KeyRole *role);
const char *key_role_text(KeyRole role);
gboolean source_kind_parse(const char *text, SourceKind *kind);
const char *source_kind_text(SourceKind kind);
