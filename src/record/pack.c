/* SPDX-License-Identifier: Apache-2.0
 * pack.c: bit packing. Value i of width b stands at bits [i*b, i*b+b), lowest bit first, so one unaligned
 * load of eight bytes and a shift read it (b <= 56; wider ones take eight whole bytes).
 *
 *   ints   bits u8 | mode u8 | unit varint | base varint (zigzag) | n packed
 *          mode 0: base + unit * v[i]      mode 1: previous + unit * zigzag(v[i]), beginning at base
 *   pattern  size bytes, 0: a digit stands here | half a byte a digit, text by text
 *   codes  entries varint | entries x u16 | n packed indexes        entries 0: bits u8 | n packed codes */
#include "record/pack.h"

#include <string.h>

G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN);

enum { WIDE = 64, NARROW_MAX = 56, MODE_OFFSETS = 0, MODE_STEPS = 1 };

static guint64 zigzag(gint64 value) {
  return (guint64)value << 1 ^ (guint64)(value >> 63);
}

static guint64 unzigzag(guint64 value) {
  return value >> 1 ^ (0 - (value & 1));
}

static gsize packed_size(guint n, guint bits) {
  return ((gsize)n * bits + 7) / 8;
}

/* --- writing ---------------------------------------------------------------------------------- */

void pack_u8(GByteArray *out, guint value) {
  guint8 byte = (guint8)value;
  g_byte_array_append(out, &byte, 1);
}

void pack_varint(GByteArray *out, guint64 value) {
  guint8 bytes[10];
  guint n = 0;
  for (; value >= 0x80; value >>= 7)
    bytes[n++] = (guint8)(value | 0x80);
  bytes[n++] = (guint8)value;
  g_byte_array_append(out, bytes, n);
}

void pack_fixed(GByteArray *out, const void *values, guint n, gsize size) {
  if (n)
    g_byte_array_append(out, values, (guint)(n * size));
}

/* Room for the packed values and for the last unaligned store; the caller cuts it to `*size` afterwards. */
static guint8 *room(GByteArray *out, guint n, guint bits, guint *size) {
  guint before = out->len;
  *size = before + (guint)packed_size(n, bits);
  g_byte_array_set_size(out, *size + PACK_SLACK);
  memset(out->data + before, 0, *size + PACK_SLACK - before);
  return out->data + before;
}

#define PACK_LOOP(values)                                                                                                          \
  guint size;                                                                                                                      \
  guint8 *to = room(out, n, bits, &size);                                                                                          \
  for (guint i = 0; bits && i < n; i++) {                                                                                          \
    gsize bit = (gsize)i * bits;                                                                                                   \
    guint64 word;                                                                                                                  \
    memcpy(&word, to + bit / 8, sizeof word);                                                                                      \
    word |= (guint64)(values)[i] << bit % 8;                                                                                       \
    memcpy(to + bit / 8, &word, sizeof word);                                                                                      \
  }                                                                                                                                \
  g_byte_array_set_size(out, size);

void pack_u16s(GByteArray *out, const guint16 *values, guint n, guint bits) {
  PACK_LOOP(values)
}

void pack_u32s(GByteArray *out, const guint32 *values, guint n, guint bits) {
  PACK_LOOP(values)
}

static void pack_u64s(GByteArray *out, const guint64 *values, guint n, guint bits) {
  PACK_LOOP(values)
}

/* The greatest of a few units that divides every distance from the least value. Times are whole seconds,
 * minutes or days, money whole cents or units. */
static guint64 common_unit(const gint64 *values, guint n, gint64 least) {
  static const guint64 units[] = {86400000, 1000000, 60000, 10000, 1000};
  for (guint u = 0; u < G_N_ELEMENTS(units); u++) {
    guint i = 0;
    while (i < n && ((guint64)values[i] - (guint64)least) % units[u] == 0)
      i++;
    if (i == n)
      return units[u];
  }
  return 1;
}

typedef struct {
  gint64 base;
  guint64 unit;
  guint offset_bits, step_bits;
} Shape;

static Shape shape_of(const gint64 *values, guint n) {
  gint64 least = values[0], most = values[0];
  for (guint i = 1; i < n; i++) {
    least = MIN(least, values[i]);
    most = MAX(most, values[i]);
  }
  guint64 range = (guint64)most - (guint64)least;
  /* A step beyond the range of int64 wraps around, which only unit 1 survives. */
  Shape shape = {.base = least, .unit = range <= G_MAXINT64 ? common_unit(values, n, least) : 1};
  shape.offset_bits = pack_bits_for(range / shape.unit);
  guint64 any = 0;
  for (guint i = 1; i < n; i++)
    any |= zigzag((gint64)((guint64)values[i] - (guint64)values[i - 1]) / (gint64)shape.unit);
  shape.step_bits = pack_bits_for(any);
  return shape;
}

void pack_ints(GByteArray *out, gint64 *values, guint n) {
  if (n == 0)
    return;
  Shape shape = shape_of(values, n);
  gboolean steps = shape.step_bits < shape.offset_bits;
  guint bits = MIN(shape.offset_bits, shape.step_bits);
  if (bits > NARROW_MAX)
    bits = WIDE;
  gint64 base = steps ? values[0] : shape.base;
  pack_u8(out, bits);
  pack_u8(out, steps ? MODE_STEPS : MODE_OFFSETS);
  pack_varint(out, shape.unit);
  pack_varint(out, zigzag(base));
  guint64 *packed = (guint64 *)values;
  gint64 previous = base;
  for (guint i = 0; i < n; i++) {
    gint64 value = values[i];
    gint64 distance = (gint64)((guint64)value - (guint64)(steps ? previous : base));
    packed[i] = steps ? zigzag(distance / (gint64)shape.unit) : (guint64)distance / shape.unit;
    previous = value;
  }
  if (bits == WIDE)
    pack_fixed(out, packed, n, sizeof *packed);
  else
    pack_u64s(out, packed, n, bits);
}

enum { TABLE_MAX = 1024 };

/* Finds the different codes by a direct map from code to its place; FALSE when there are too many. */
static gboolean code_table(const guint16 *codes, guint n, guint most, guint16 *table, guint *entries, guint16 *indexes) {
  g_autofree guint16 *place = g_new0(guint16, most + 1);
  *entries = 0;
  for (guint i = 0; i < n; i++) {
    if (place[codes[i]] == 0) {
      if (*entries == TABLE_MAX)
        return FALSE;
      table[(*entries)++] = codes[i];
      place[codes[i]] = (guint16)*entries;
    }
    indexes[i] = (guint16)(place[codes[i]] - 1);
  }
  return TRUE;
}

void pack_codes(GByteArray *out, const guint16 *codes, guint n) {
  guint same = 1;
  while (same < n && codes[same] == codes[0])
    same++;
  if (same >= n) {
    pack_varint(out, 1);
    pack_fixed(out, codes, 1, sizeof *codes);
    return;
  }
  guint16 table[TABLE_MAX], most = 0;
  guint entries;
  g_autofree guint16 *indexes = g_new(guint16, n);
  for (guint i = 0; i < n; i++)
    most = MAX(most, codes[i]);
  gboolean few = code_table(codes, n, most, table, &entries, indexes);
  guint plain_bits = pack_bits_for(most);
  if (few && entries * sizeof *table + packed_size(n, pack_bits_for(entries - 1)) < packed_size(n, plain_bits)) {
    pack_varint(out, entries);
    pack_fixed(out, table, entries, sizeof *table);
    pack_u16s(out, indexes, n, pack_bits_for(entries - 1));
    return;
  }
  pack_varint(out, 0);
  pack_u8(out, plain_bits);
  pack_u16s(out, codes, n, plain_bits);
}

static gboolean is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* The byte that all texts have at this place, 0 for digits; FALSE when it is neither. */
static gboolean pattern_at(const char *texts, guint n, guint size, guint place, char *byte) {
  gboolean same = TRUE, digits = TRUE;
  for (guint i = 0; i < n && (same || digits); i++) {
    char c = texts[(gsize)i * size + place];
    same &= c == texts[place];
    digits &= is_hex(c);
  }
  *byte = same ? texts[place] : 0;
  return digits || (same && texts[place] != 0);
}

gboolean pack_pattern(GByteArray *out, const char *texts, guint n, guint size) {
  char pattern[PACK_PATTERN_MAX];
  guint digits = 0;
  if (n < 2 || size == 0 || size > PACK_PATTERN_MAX)
    return FALSE;
  for (guint place = 0; place < size; place++) {
    if (!pattern_at(texts, n, size, place, &pattern[place]))
      return FALSE;
    digits += pattern[place] == 0;
  }
  g_byte_array_append(out, (const guint8 *)pattern, size);
  g_autofree guint16 *values = g_new(guint16, (gsize)n * digits + 1);
  gsize found = 0;
  for (gsize i = 0; i < (gsize)n * size; i++)
    if (pattern[i % size] == 0)
      values[found++] = (guint16)g_ascii_xdigit_value(texts[i]);
  pack_u16s(out, values, (guint)found, 4);
  return TRUE;
}

/* --- reading ---------------------------------------------------------------------------------- */

static gboolean broken(Cursor *cursor) {
  cursor->broken = TRUE;
  cursor->at = cursor->end;
  return FALSE;
}

guint cursor_u8(Cursor *cursor) {
  if (cursor->at < cursor->end)
    return *cursor->at++;
  broken(cursor);
  return 0;
}

guint64 cursor_varint(Cursor *cursor) {
  guint64 value = 0;
  for (guint shift = 0; shift < 64; shift += 7) {
    guint byte = cursor_u8(cursor);
    value |= (guint64)(byte & 0x7f) << shift;
    if (byte < 0x80)
      return cursor->broken ? 0 : value;
  }
  broken(cursor);
  return 0;
}

guint cursor_limited(Cursor *cursor, guint max) {
  guint64 value = cursor_varint(cursor);
  if (value <= max)
    return (guint)value;
  broken(cursor);
  return 0;
}

const guint8 *cursor_bytes(Cursor *cursor, gsize size) {
  if (cursor->broken || (gsize)(cursor->end - cursor->at) < size) {
    broken(cursor);
    return NULL;
  }
  const guint8 *bytes = cursor->at;
  cursor->at += size;
  return bytes;
}

static inline guint64 load(const guint8 *from, gsize bit) {
  guint64 word;
  memcpy(&word, from + bit / 8, sizeof word);
  return word >> bit % 8;
}

/* The loop is written out per common width so that the compiler knows the shifts. */
#define UNPACK_LOOP(type)                                                                                                          \
  guint64 mask = (G_GUINT64_CONSTANT(1) << bits) - 1;                                                                              \
  for (guint i = 0; i < n; i++)                                                                                                    \
    values[i] = (type)(load(from, (gsize)i * bits) & mask);

gboolean cursor_u16s(Cursor *cursor, guint16 *values, guint n, guint bits) {
  const guint8 *from = bits <= 16 ? cursor_bytes(cursor, packed_size(n, bits)) : NULL;
  if (from == NULL)
    return broken(cursor);
  if (bits == 0)
    memset(values, 0, n * sizeof *values);
  else if (bits == 16)
    memcpy(values, from, n * sizeof *values);
  else if (bits == 8)
    for (guint i = 0; i < n; i++)
      values[i] = from[i];
  else {
    UNPACK_LOOP(guint16)
  }
  return TRUE;
}

gboolean cursor_u32s(Cursor *cursor, guint32 *values, guint n, guint bits) {
  const guint8 *from = bits <= 32 ? cursor_bytes(cursor, packed_size(n, bits)) : NULL;
  if (from == NULL)
    return broken(cursor);
  if (bits == 0)
    memset(values, 0, n * sizeof *values);
  else {
    UNPACK_LOOP(guint32)
  }
  return TRUE;
}

static gboolean cursor_u64s(Cursor *cursor, guint64 *values, guint n, guint bits) {
  const guint8 *from = bits <= NARROW_MAX || bits == WIDE ? cursor_bytes(cursor, packed_size(n, bits)) : NULL;
  if (from == NULL)
    return broken(cursor);
  if (bits == WIDE)
    memcpy(values, from, n * sizeof *values);
  else {
    UNPACK_LOOP(guint64)
  }
  return TRUE;
}

gboolean cursor_ints(Cursor *cursor, gint64 *values, guint n) {
  if (n == 0)
    return TRUE;
  guint bits = cursor_u8(cursor), mode = cursor_u8(cursor);
  guint64 unit = cursor_varint(cursor), base = unzigzag(cursor_varint(cursor));
  guint64 *packed = (guint64 *)values;
  if (mode > MODE_STEPS || !cursor_u64s(cursor, packed, n, bits))
    return broken(cursor);
  if (mode == MODE_OFFSETS)
    for (guint i = 0; i < n; i++)
      packed[i] = base + unit * packed[i];
  else
    for (guint i = 0; i < n; i++)
      packed[i] = base = base + unit * unzigzag(packed[i]);
  return TRUE;
}

gboolean cursor_codes(Cursor *cursor, guint16 *codes, guint n) {
  guint entries = cursor_limited(cursor, TABLE_MAX);
  if (entries == 0)
    return cursor_u16s(cursor, codes, n, cursor_u8(cursor));
  const guint8 *bytes = cursor_bytes(cursor, entries * sizeof(guint16));
  guint16 table[TABLE_MAX], most = 0;
  if (bytes == NULL || !cursor_u16s(cursor, codes, n, pack_bits_for(entries - 1)))
    return broken(cursor);
  memcpy(table, bytes, entries * sizeof *table);
  for (guint i = 0; i < n; i++)
    most = MAX(most, codes[i]);
  if (most >= entries)
    return broken(cursor);
  for (guint i = 0; i < n; i++)
    codes[i] = table[codes[i]];
  return TRUE;
}

gboolean cursor_pattern(Cursor *cursor, char *texts, guint n, guint size) {
  const guint8 *pattern = size <= PACK_PATTERN_MAX ? cursor_bytes(cursor, size) : NULL;
  guint8 places[PACK_PATTERN_MAX];
  guint digits = 0;
  for (guint place = 0; pattern && place < size; place++)
    if (pattern[place] == 0)
      places[digits++] = (guint8)place;
  const guint8 *packed = pattern ? cursor_bytes(cursor, packed_size(n * digits, 4)) : NULL;
  if (packed == NULL)
    return broken(cursor);
  gsize at = 0;
  for (guint i = 0; i < n; i++, texts += size) {
    memcpy(texts, pattern, size);
    for (guint d = 0; d < digits; d++, at++)
      texts[places[d]] = "0123456789abcdef"[packed[at / 2] >> at % 2 * 4 & 15];
  }
  return TRUE;
}
