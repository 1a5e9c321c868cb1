/* SPDX-License-Identifier: Apache-2.0
 * source.h: who sends: what a key stands for. Public keys (in a page, an app) are no secrets, so what they say is
 * believed less: see admission.h. */
#pragma once
#include "project/project.h"

typedef enum { KEY_SOURCE, KEY_WRITE, KEY_READ, KEY_ADMIN } KeyRole; /* SOURCE: public, WRITE: a server's secret */

typedef struct {
  char *name;  /* the source of its events; the project file may say more about it */
  char *group; /* copies of one event from sources of one group are one event */
  SourceKind kind;
  KeyRole role;
  gboolean trusted; /* may alias, state cost, grant consent for a known user, link users: role write or admin */
  gboolean basis;   /* events may be measured without a consent of their own: trusted ones, unless the project says otherwise */
} CaptureSource;
