/* SPDX-License-Identifier: Apache-2.0
 * erase.h: erasing a person for good, and keeping out what was erased.
 *
 *   journey/erasure.h says what belongs to the person ─► record_erase() ─► index_update() ─► index_fold()
 *
 * What is left: that there were so many events (FACT_ERASED at their numbers, without time, name or value), and a keyed hash of
 * each identifier as tombstone, without which an old file would bring the person back. Entries of `<path>.seen` are keyed
 * hashes too and stay. Afterwards no file of the record holds a byte of the identifiers, names or values of these events. */
#pragma once
#include "record/record.h"

typedef struct {
  const guint64 *identifiers; /* Hash128.low of every identifier that the person has now */
  gsize n_identifiers;
  const guint64 *rows; /* numbers of the person's visible events, ascending */
  gsize n_rows;
  guint64 through; /* as of which number `rows` are all of them; later events are judged by their identifiers */
} Erasure;

typedef struct {
  guint64 number;   /* of the change */
  guint64 events;   /* erased, those of imports taken back too */
  guint64 stripped; /* events of others that named an identifier of the person: without it they stay */
  guint64 batches;  /* rewritten */
  guint64 links;    /* merges and separations removed */
  gboolean clean;   /* nothing is left in the log either; else somebody reads, and it goes within a second after */
} ErasureDone;

/* Every batch is looked through (a second for 20 million events), those concerned are rewritten in one transaction. Durable on
 * return. After a crash the next writer goes on with it. An event of another person that names an erased identifier loses
 * that one; an event that names nobody else is erased. */
gboolean record_erase(Record *record, const Erasure *erasure, ErasureDone *done, GError **error);

/* What is known of erased persons: how many erasures, of how many events. */
gboolean record_erased(Record *record, guint64 *erasures, guint64 *events, GError **error);

/* A door asks before it stores an event. Any thread, without waiting. */
typedef enum {
  ERASED_NOBODY,  /* as it is */
  ERASED_DEVICE,  /* it names an erased device beside somebody else, who may have it now: erased_strip() */
  ERASED_SOMEBODY /* refused: it would bring somebody back */
} ErasedVerdict;
ErasedVerdict record_judge_erased(Record *record, const Spaces *spaces, const Event *event);
void record_strip_erased(Record *record, Event *event);
#define ERASED_REASON "names somebody whose data was erased"
