// SPDX-License-Identifier: Apache-2.0
// Until the first byte above 127 every encoding that we guess between reads the same, so the guess waits
// for it: valid UTF-8 costs one check of each piece and no second pass. Only a file that then holds
// something else is read once more, whole, to tell Windows-1252 from UTF-8 with faulty places.
#include "exchange/text_in.h"

#include "base/error.h"
#include "exchange/byte_in.h"
#include "exchange/utf8.h"

#include <errno.h>
#include <string.h>

enum { PIECE_SIZE = 256 << 10, CARRY_MAX = 16, FAULTY_PER_VALID = 4 };
typedef enum { CODE_UTF8, CODE_1252, CODE_ICONV } Code;

struct TextIn {
  char *path, *label;
  ByteIn *bytes;
  Code code;
  char *encoding;
  gboolean decided; /* no guessing any more */
  gboolean faulty;
  Utf8Count count;
  GIConv iconv;
  char *piece; /* [start, ready) may be handed on; [ready, end) waits for more */
  gsize start, ready, end;
  gboolean at_end;
};

/* --- what it is ------------------------------------------------------------------------------ */

static void decide(TextIn *in, Code code, const char *name) {
  in->code = code;
  in->decided = TRUE;
  g_free(in->encoding);
  in->encoding = g_strdup(name);
}

static gboolean decide_iconv(TextIn *in, const char *name, GError **error) {
  in->iconv = g_iconv_open("UTF-8", name);
  if (in->iconv == (GIConv)-1) {
    in->iconv = NULL;
    return error_set(error, ERROR_USAGE,
                     "Nobody knows an encoding named %s\nhint: utf-8, windows-1252, iso-8859-15, utf-16, cp850, macintosh, ...",
                     name);
  }
  decide(in, CODE_ICONV, name);
  return TRUE;
}

static gboolean decide_named(TextIn *in, const char *name, GError **error) {
  static const char *const western[] = {"windows-1252", "cp1252", "ansi", "latin1", "latin-1", "iso-8859-1", "iso8859-1", NULL};
  g_autofree char *lower = g_ascii_strdown(name, -1);
  if (g_strcmp0(lower, "utf-8") == 0 || g_strcmp0(lower, "utf8") == 0)
    decide(in, CODE_UTF8, "UTF-8");
  else if (g_strv_contains(western, lower))
    decide(in, CODE_1252, "Windows-1252");
  else
    return decide_iconv(in, name, error);
  return TRUE;
}

/* Text in UTF-16 without a mark has a zero in every other byte wherever it is Latin. */
static const char *utf16_pattern(const char *at, gsize size) {
  gsize zeros[2] = {0, 0};
  size = MIN(size, 4096) & ~(gsize)1;
  for (gsize i = 0; i < size; i++)
    zeros[i % 2] += at[i] == 0;
  if (size < 8 || (zeros[0] && zeros[1]))
    return NULL;
  return zeros[1] > size / 4 ? "UTF-16LE" : zeros[0] > size / 4 ? "UTF-16BE" : NULL;
}

static gboolean starts_with(const TextIn *in, const char *mark, gsize size) {
  return in->end >= size && memcmp(in->piece, mark, size) == 0;
}

static gboolean look_at_start(TextIn *in, GError **error) {
  const char *wide = NULL;
  if (starts_with(in, "\xef\xbb\xbf", 3)) {
    in->start = 3;
    if (!in->decided)
      decide(in, CODE_UTF8, "UTF-8");
    return TRUE;
  }
  if (starts_with(in, "\xff\xfe\0\0", 4)) {
    wide = "UTF-32LE";
    in->start = 4;
  } else if (starts_with(in, "\xff\xfe", 2)) {
    wide = "UTF-16LE";
    in->start = 2;
  } else if (starts_with(in, "\xfe\xff", 2)) {
    wide = "UTF-16BE";
    in->start = 2;
  } else {
    wide = utf16_pattern(in->piece, in->end);
  }
  return in->decided || !wide || decide_iconv(in, wide, error);
}

/* Reads the whole file once more. */
static gboolean count_all(const TextIn *in, Utf8Count *count, GError **error) {
  g_autoptr(ByteIn) bytes = byte_in_open(in->path, in->label, error);
  if (!bytes)
    return FALSE;
  g_autofree char *piece = g_malloc(PIECE_SIZE);
  gsize n = 0;
  do {
    memmove(piece, piece + n - count->unfinished, count->unfinished);
    gsize got = 0;
    if (!byte_in_read(bytes, piece + count->unfinished, PIECE_SIZE - count->unfinished, &got, error))
      return FALSE;
    n = count->unfinished + got;
    utf8_count(count, piece, n);
  } while (n == PIECE_SIZE);
  count->faulty += count->unfinished;
  return TRUE;
}

/* The first piece that is not plain ASCII. By accident two letters of Windows-1252 are a valid sequence, as
 * in `Spa\xdf\x94`, but most of its letters stand alone. */
static gboolean guess(TextIn *in, GError **error) {
  Utf8Count count = {0};
  if (in->count.faulty && !count_all(in, &count, error))
    return FALSE;
  if (count.faulty > FAULTY_PER_VALID * count.multibyte)
    decide(in, CODE_1252, "Windows-1252");
  else
    decide(in, CODE_UTF8, "UTF-8");
  return TRUE;
}

/* --- opening --------------------------------------------------------------------------------- */

static gboolean fill(TextIn *in, GError **error) {
  gsize kept = in->end - in->start, got = 0;
  memmove(in->piece, in->piece + in->start, kept);
  if (!byte_in_read(in->bytes, in->piece + kept, PIECE_SIZE - kept, &got, error))
    return FALSE;
  in->start = 0;
  in->end = in->ready = kept + got;
  in->at_end = in->end < PIECE_SIZE;
  return TRUE;
}

/* Checks the piece as UTF-8; may find out that it is not. */
static gboolean check(TextIn *in, GError **error) {
  if (in->code != CODE_UTF8)
    return TRUE;
  utf8_count(&in->count, in->piece + in->start, in->end - in->start);
  if (in->at_end)
    in->count.faulty += in->count.unfinished;
  else
    in->ready = in->end - in->count.unfinished;
  if ((in->count.faulty || in->count.multibyte) && !in->decided && !guess(in, error))
    return FALSE;
  if (in->code != CODE_UTF8)
    in->ready = in->end;
  in->faulty = in->code == CODE_UTF8 && in->count.faulty;
  return TRUE;
}

TextIn *text_in_open(const char *path, const char *label, const char *encoding, GError **error) {
  g_autoptr(TextIn) in = g_new0(TextIn, 1);
  in->path = g_strdup(path);
  in->label = g_strdup(label);
  in->encoding = g_strdup("UTF-8");
  in->piece = g_malloc(PIECE_SIZE);
  in->bytes = byte_in_open(path, label, error);
  if (!in->bytes || (encoding && !decide_named(in, encoding, error)) || !fill(in, error) || !look_at_start(in, error) ||
      !check(in, error))
    return NULL;
  return g_steal_pointer(&in);
}

void text_in_free(TextIn *in) {
  if (!in)
    return;
  if (in->iconv)
    g_iconv_close(in->iconv);
  byte_in_free(in->bytes);
  g_free(in->piece);
  g_free(in->encoding);
  g_free(in->label);
  g_free(in->path);
  g_free(in);
}

const char *text_in_encoding(const TextIn *in) {
  return in->encoding;
}
gboolean text_in_faulty(const TextIn *in) {
  return in->faulty;
}
guint64 text_in_offset(const TextIn *in) {
  return byte_in_offset(in->bytes);
}
guint64 text_in_size(const TextIn *in) {
  return byte_in_size(in->bytes);
}

/* --- reading --------------------------------------------------------------------------------- */

static gsize give_utf8(TextIn *in, char *out, gsize room) {
  gsize n = MIN(room, in->ready - in->start);
  memcpy(out, in->piece + in->start, n);
  in->start += n;
  return n;
}

/* 0x80..0x9f; the five codes that Windows leaves open stand for the control character of that number. */
static const gunichar upper_1252[32] = {0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
                                        0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
                                        0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};

static gsize give_1252(TextIn *in, char *out, gsize room) {
  gsize made = 0;
  while (in->start < in->ready && made + 3 <= room) {
    guint8 byte = (guint8)in->piece[in->start++];
    if (byte < 0x80)
      out[made++] = (char)byte;
    else
      made += (gsize)g_unichar_to_utf8(byte < 0xa0 ? upper_1252[byte - 0x80] : byte, out + made);
  }
  return made;
}

static gboolean give_iconv(TextIn *in, char *out, gsize room, gsize *made, GError **error) {
  char *from = in->piece + in->start, *to = out;
  gsize left = in->ready - in->start, space = room;
  gsize state = g_iconv(in->iconv, &from, &left, &to, &space);
  int reason = errno;
  in->start = (gsize)(from - in->piece);
  *made = room - space;
  if (state != (gsize)-1 || reason == E2BIG || (reason == EILSEQ && *made > 0))
    return TRUE;
  if (reason == EINVAL && !in->at_end && left < CARRY_MAX) {
    in->ready = in->start; /* a character cut in two: the rest comes with the next piece */
    return TRUE;
  }
  return error_set(error, ERROR_INVALID,
                   "%s is not valid %s, near byte %" G_GUINT64_FORMAT "\nhint: name its encoding with --encoding", in->label,
                   in->encoding, text_in_offset(in) - left);
}

gboolean text_in_read(TextIn *in, char *buffer, gsize size, gsize *n, GError **error) {
  gsize made = 0;
  for (;;) {
    if (in->start == in->ready && !in->at_end && (!fill(in, error) || !check(in, error)))
      return FALSE;
    if (in->code == CODE_UTF8)
      made = give_utf8(in, buffer, size);
    else if (in->code == CODE_1252)
      made = give_1252(in, buffer, size);
    else if (in->start < in->ready && !give_iconv(in, buffer, size, &made, error))
      return FALSE;
    if (made > 0 || (in->at_end && in->start == in->ready))
      break;
  }
  *n = made;
  return TRUE;
}
