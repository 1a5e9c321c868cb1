/* SPDX-License-Identifier: Apache-2.0
 * pack.h: how a batch packs columns of integers, and a cursor that reads them back from bytes nobody vouches for.
 * A packed area is read eight bytes at a time: up to PACK_SLACK bytes behind it must be readable. */
#pragma once
#include <glib.h>

enum { PACK_SLACK = 8, PACK_PATTERN_MAX = 255 };

/* Bits that hold 0..max. */
static inline guint pack_bits_for(guint64 max) { return max ? 64 - (guint)__builtin_clzll(max) : 0; }

/* --- writing: each appends ------------------------------------------------------------------ */
void pack_u8(GByteArray *out, guint value);
void pack_varint(GByteArray *out, guint64 value);
void pack_fixed(GByteArray *out, const void *values, guint n, gsize size); /* little endian as in memory */
void pack_u16s(GByteArray *out, const guint16 *values, guint n, guint bits);
void pack_u32s(GByteArray *out, const guint32 *values, guint n, guint bits);
/* Integers of any range: base, unit and either offsets or steps, whichever is smaller. Clobbers `values`. */
void pack_ints(GByteArray *out, gint64 *values, guint n);
/* Codes of which few differ: a table of them and indexes into it. */
void pack_codes(GByteArray *out, const guint16 *codes, guint n);
/* Texts of one size, one after the other, in which every place holds the same byte in all of them or a hexadecimal
 * digit (UUIDs, numbered ids): half a byte a digit. FALSE, and nothing appended, when they are not such. */
gboolean pack_pattern(GByteArray *out, const char *texts, guint n, guint size);

/* --- reading: after a failure every answer is 0 or NULL and `broken` stays set ----------------- */
typedef struct {
  const guint8 *at, *end;
  gboolean broken;
} Cursor;

guint cursor_u8(Cursor *cursor);
guint64 cursor_varint(Cursor *cursor);
guint cursor_limited(Cursor *cursor, guint max); /* a varint that may not exceed max */
const guint8 *cursor_bytes(Cursor *cursor, gsize size);
gboolean cursor_u16s(Cursor *cursor, guint16 *values, guint n, guint bits);
gboolean cursor_u32s(Cursor *cursor, guint32 *values, guint n, guint bits);
gboolean cursor_ints(Cursor *cursor, gint64 *values, guint n);
gboolean cursor_codes(Cursor *cursor, guint16 *codes, guint n);
gboolean cursor_pattern(Cursor *cursor, char *texts, guint n, guint size);
