// SPDX-License-Identifier: Apache-2.0
// Packed input is read in pieces of PIECE_SIZE; memory does not depend on the file. A gzip file may be
// several members and a zstd file several frames one after the other; both read as one stream.
#include "exchange/byte_in.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { PIECE_SIZE = 256 << 10 };

struct ByteIn {
  char *label;
  int descriptor;
  Packing packing;
  guint64 offset, size;
  guint8 *piece; /* packed bytes waiting: [start, end) */
  gsize start, end;
  gboolean at_end; /* of the file */
  gboolean open;   /* in the middle of a member or frame */
  z_stream inflate;
  ZSTD_DStream *zstd;
};

static gboolean read_some(ByteIn *in, void *buffer, gsize size, gsize *n, GError **error) {
  ssize_t got;
  do
    got = read(in->descriptor, buffer, size);
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    g_autofree char *what = g_strdup_printf("reading %s", in->label);
    return error_set_errno(error, errno, what);
  }
  in->offset += (guint64)got;
  in->at_end = got == 0;
  *n = (gsize)got;
  return TRUE;
}

static gboolean refill(ByteIn *in, GError **error) {
  if (in->start < in->end || in->at_end)
    return TRUE;
  in->start = in->end = 0;
  return read_some(in, in->piece, PIECE_SIZE, &in->end, error);
}

static gboolean start_packing(ByteIn *in, GError **error) {
  static const guint8 gzip[] = {0x1f, 0x8b}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
  in->piece = g_malloc(PIECE_SIZE);
  while (in->end < sizeof zstd && !in->at_end) {
    gsize n = 0;
    if (!read_some(in, in->piece + in->end, PIECE_SIZE - in->end, &n, error))
      return FALSE;
    in->end += n;
  }
  if (in->end >= sizeof gzip && memcmp(in->piece, gzip, sizeof gzip) == 0) {
    in->packing = PACK_GZIP;
    if (inflateInit2(&in->inflate, 16 + MAX_WBITS) != Z_OK)
      return error_set(error, ERROR_LIMIT, "No memory to unpack %s", in->label);
  } else if (in->end >= sizeof zstd && memcmp(in->piece, zstd, sizeof zstd) == 0) {
    in->packing = PACK_ZSTD;
    in->zstd = ZSTD_createDStream();
    if (!in->zstd)
      return error_set(error, ERROR_LIMIT, "No memory to unpack %s", in->label);
  }
  return TRUE;
}

static gboolean open_regular(ByteIn *in, const char *path, GError **error) {
  g_autofree char *what = g_strdup_printf("opening %s", in->label);
  in->descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (in->descriptor < 0)
    return errno == ENOENT ? error_set(error, ERROR_NOT_FOUND, "There is no file %s", in->label)
                           : error_set_errno(error, errno, what);
  struct stat status;
  if (fstat(in->descriptor, &status) != 0)
    return error_set_errno(error, errno, what);
  if (S_ISDIR(status.st_mode))
    return error_set(error, ERROR_INVALID, "%s is a folder\nhint: name its files, as in '%s/*.csv'", in->label, in->label);
  in->size = status.st_size > 0 ? (guint64)status.st_size : 0;
  posix_fadvise(in->descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
  return TRUE;
}

ByteIn *byte_in_open(const char *path, const char *label, GError **error) {
  g_autoptr(ByteIn) in = g_new0(ByteIn, 1);
  in->label = g_strdup(label);
  in->descriptor = -1;
  if (!open_regular(in, path, error) || !start_packing(in, error))
    return NULL;
  return g_steal_pointer(&in);
}

void byte_in_free(ByteIn *in) {
  if (!in)
    return;
  if (in->packing == PACK_GZIP)
    inflateEnd(&in->inflate);
  ZSTD_freeDStream(in->zstd);
  if (in->descriptor >= 0)
    close(in->descriptor);
  g_free(in->piece);
  g_free(in->label);
  g_free(in);
}

Packing byte_in_packing(const ByteIn *in) {
  return in->packing;
}
guint64 byte_in_offset(const ByteIn *in) {
  return in->offset;
}
guint64 byte_in_size(const ByteIn *in) {
  return in->size;
}

/* --- one step of each kind: takes what is in the piece, gives what fits ---------------------- */

static gboolean step_plain(ByteIn *in, guint8 *out, gsize room, gsize *made, GError **error) {
  if (in->start == in->end)
    return read_some(in, out, room, made, error);
  *made = MIN(room, in->end - in->start);
  memcpy(out, in->piece + in->start, *made);
  in->start += *made;
  return TRUE;
}

/* Zeros after the last member are padding that tape and block devices leave behind. */
static gboolean only_padding(const ByteIn *in) {
  for (gsize i = in->start; i < in->end; i++)
    if (in->piece[i] != 0)
      return FALSE;
  return TRUE;
}

static gboolean step_gzip(ByteIn *in, guint8 *out, gsize room, gsize *made, GError **error) {
  z_stream *z = &in->inflate;
  if (!in->open && only_padding(in)) {
    in->start = in->end;
    return TRUE;
  }
  in->open = TRUE;
  z->next_in = in->piece + in->start;
  z->avail_in = (uInt)(in->end - in->start);
  z->next_out = out;
  z->avail_out = (uInt)MIN(room, (gsize)1 << 30);
  uInt asked = z->avail_out;
  int state = inflate(z, Z_NO_FLUSH);
  in->start = in->end - z->avail_in;
  *made = asked - z->avail_out;
  if (state == Z_STREAM_END) {
    in->open = FALSE;
    inflateReset(z);
  } else if (state != Z_OK && state != Z_BUF_ERROR) {
    return error_set(error, ERROR_INVALID, "%s is damaged: %s near byte %" G_GUINT64_FORMAT "\nhint: pack or fetch it again",
                     in->label, z->msg ? z->msg : "it does not unpack", in->offset - z->avail_in);
  }
  return TRUE;
}

static gboolean step_zstd(ByteIn *in, guint8 *out, gsize room, gsize *made, GError **error) {
  ZSTD_inBuffer from = {in->piece, in->end, in->start};
  ZSTD_outBuffer to = {out, room, 0};
  gsize state = ZSTD_decompressStream(in->zstd, &to, &from);
  in->start = from.pos;
  *made = to.pos;
  if (ZSTD_isError(state))
    return error_set(error, ERROR_INVALID, "%s is damaged: %s near byte %" G_GUINT64_FORMAT "\nhint: pack or fetch it again",
                     in->label, ZSTD_getErrorName(state), in->offset - (in->end - in->start));
  in->open = state != 0;
  return TRUE;
}

gboolean byte_in_read(ByteIn *in, void *buffer, gsize size, gsize *n, GError **error) {
  gsize filled = 0;
  while (filled < size) {
    gsize made = 0;
    if (in->packing != PACK_NONE && !refill(in, error))
      return FALSE;
    gboolean drained = in->at_end && in->start == in->end;
    if (drained && !in->open)
      break;
    guint8 *out = (guint8 *)buffer + filled;
    gboolean ok = in->packing == PACK_GZIP   ? step_gzip(in, out, size - filled, &made, error)
                  : in->packing == PACK_ZSTD ? step_zstd(in, out, size - filled, &made, error)
                                             : step_plain(in, out, size - filled, &made, error);
    if (!ok)
      return FALSE;
    filled += made;
    if (drained && in->open && made == 0)
      return error_set(error, ERROR_INVALID, "%s is cut off: it ends in the middle\nhint: fetch it again", in->label);
  }
  *n = filled;
  return TRUE;
}
