/* SPDX-License-Identifier: Apache-2.0
 * consent.h: who agreed to what: statements by identifier, purpose and time, never changed, only followed by later ones. The
 * latest statement about a purpose holds; one that says what holds at its time already is not stored. What an import stated
 * goes with it. */
#pragma once
#include "record/record.h"
#include "wire/purpose.h"

typedef struct {
  guint64 identifier;                             /* Hash128.low */
  const char *purpose, *source, *version, *basis; /* version of the text that was agreed to, and basis: NULL unknown */
  gboolean granted;
  gboolean masks; /* a denial of measure masks whoever has the identifier (record_hide()) */
  gint64 at_ms;
  gint64 again_ms; /* later: said again then, and nothing else in between as far as the sender knows; 0 no */
} Consent;

typedef enum { CONSENT_UNKNOWN, CONSENT_GRANTED, CONSENT_DENIED } ConsentState;

/* Any thread, without waiting for the disk after the first call. */
ConsentState record_consent(Record *record, guint64 identifier, const char *purpose);
/* One transaction, durable; in any order. A statement older than the latest one of its identifier and purpose changes only what
 * held then. */
gboolean record_consents_add(Record *record, const Consent *consents, guint n, GError **error);
/* record_import_finish() with what the rows of the import state, all or none. record_import_undo() takes it back: what holds and
 * who is masked are then as if the import had never stated it. */
gboolean record_import_finish_told(Record *record, const ImportInfo *totals, const Consent *consents, guint n, GError **error);

typedef struct {
  guint64 number, identifier, import;
  char *purpose, *source, *version, *basis;
  gboolean granted;
  gint64 at_ms;
} ConsentRow;
/* Statements about these identifiers (NULL: about everybody), in the order in which they came. Free with g_array_unref. */
GArray *record_consents(Record *record, const GArray *identifiers, GError **error);
/* Every statement about one purpose up to this number, in the order in which they came. Nobody who
 * writes waits for it. */
typedef void (*ConsentFunc)(guint64 identifier, gboolean granted, gint64 at_ms, gpointer user);
gboolean record_consents_each(Record *record, const char *purpose, guint64 through, ConsentFunc each, gpointer user,
                              GError **error);
