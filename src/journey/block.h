/* SPDX-License-Identifier: Apache-2.0
 * block.h: up to BLOCK_PERSONS_MAX persons with all their events, as plain arrays.
 * Persons stand in order of id, a person's events in order of (time, arrival).
 * Bitmaps are 64-bit words, bit i of word i/64; past the end they are zero. A NULL bitmap is all zero.
 * Everything is borrowed from the snapshot. */
#pragma once
#include <glib.h>

enum { BLOCK_PERSONS_MAX = 4096, BLOCK_EVENTS_AIM = 262144 };

typedef struct { /* a column of small codes; width 0: every event has `constant` */
  guint8 width;  /* 0, 1, 2 or 4 bytes */
  guint32 constant;
  const void *data;
} Codes;

typedef struct {
  guint32 n_persons, n_events;
  guint64 content;       /* checksum of all that the block holds, wherever it stands; `dead` is no part of it */
  gboolean unidentified;       /* nobody's events: without any identifier (id 0), or with an order id that leads to no
                                * person (ids below 2^32, identity.h) */
  const guint64 *person_id;    /* n_persons */
  const guint32 *person_start; /* n_persons + 1, event offsets within the block */
  const guint64 *ends;         /* events: the last one of each person */
  const guint64 *touch, *web, *company, *system, *converses, *excluded; /* events */
  const guint64 *settled; /* persons whom more events with identifiers of theirs leave as they are */
  gboolean all_settled;   /* then `settled` is NULL */
  const guint64 *dead;    /* persons replaced by an upper level or hidden; skip them */
  gint64 base_s;
  const guint32 *time_s;
  const guint16 *time_ms;                             /* NULL: all whole seconds */
  Codes event, channel, touchpoint, source, currency; /* Names codes; touchpoint 0: none stated */
  Codes grade;                                        /* Grade */
  Codes visit;                                        /* 1.. within the person, 0 not in a visit */
  const guint64 *has_value;                           /* events */
  const guint32 *value_rank;                          /* per 64-bit word of has_value: how many values stand before it */
  const void *values;                                 /* read by block_value(): integers of value_width bytes (2, 4, 8), */
  guint8 value_width;                                 /* each times value_unit millionths; prices in cents take 2 or 4 bytes */
  gint64 value_unit;
  guint64 row_base;
  const guint32 *row; /* arrival number = row_base + row[i] */
} Block;

static inline gint64 block_time_ms(const Block *block, guint32 event) {
  return (block->base_s + block->time_s[event]) * 1000 + (block->time_ms ? block->time_ms[event] : 0);
}
static inline guint32 codes_at(const Codes *codes, guint32 event) {
  switch (codes->width) {
  case 1: return ((const guint8 *)codes->data)[event];
  case 2: return ((const guint16 *)codes->data)[event];
  case 4: return ((const guint32 *)codes->data)[event];
  default: return codes->constant;
  }
}
static inline gboolean bit_at(const guint64 *bitmap, guint32 i) {
  return bitmap && (bitmap[i / 64] >> (i % 64) & 1);
}
static inline gboolean block_settled(const Block *block, guint32 person) {
  return block->all_settled || bit_at(block->settled, person);
}
static inline guint64 block_row(const Block *block, guint32 event) {
  return block->row_base + block->row[event];
}
static inline gboolean block_value(const Block *block, guint32 event, gint64 *micro) {
  if (!bit_at(block->has_value, event))
    return FALSE;
  guint64 before = block->has_value[event / 64] & ((G_GUINT64_CONSTANT(1) << (event % 64)) - 1);
  guint32 at = block->value_rank[event / 64] + (guint32)__builtin_popcountll(before);
  switch (block->value_width) {
  case 2: *micro = ((const gint16 *)block->values)[at] * block->value_unit; break;
  case 4: *micro = ((const gint32 *)block->values)[at] * block->value_unit; break;
  default: *micro = ((const gint64 *)block->values)[at] * block->value_unit; break;
  }
  return TRUE;
}
