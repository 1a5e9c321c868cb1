/* SPDX-License-Identifier: Apache-2.0
 * names.h: the record's dictionaries. A name gets a small code once and keeps it.
 * Code 0 is "no name". A full dictionary answers NAME_OTHER, "(other)", and counts. */
#pragma once
#include "base/text.h"

typedef enum { /* stored: never renumber */
  NAME_EVENT,
  NAME_CHANNEL,
  NAME_TOUCHPOINT, /* explicit ones */
  NAME_SOURCE,
  NAME_KEY,      /* full property keys: "campaign", "properties.total" */
  NAME_CURRENCY,
  NAME_KINDS
} NameKind;

enum { NAMES_MAX = 65534, NAME_NONE = 0, NAME_OTHER = 65535 };

typedef struct Names Names; /* append-only; any thread may find and intern, and only a new name waits for a lock */

Names *names_new(void);
/* A frozen copy for a snapshot, cheap: the texts are shared. */
Names *names_copy(const Names *names);
void names_free(Names *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Names, names_free)

guint16 names_find(const Names *names, NameKind kind, Text text);  /* NAME_NONE when unknown or empty */
guint16 names_intern(Names *names, NameKind kind, Text text);      /* about 20 ns for a known one */
Text names_text(const Names *names, NameKind kind, guint16 code);  /* "" for NAME_NONE */
guint names_count(const Names *names, NameKind kind);              /* codes are 1..count */
guint64 names_overflowed(const Names *names, NameKind kind);
