// SPDX-License-Identifier: Apache-2.0
#include "server/inflate.h"

#include "base/error.h"
#include <string.h>
#include <zlib.h>

enum { ROOM_FIRST = 64 << 10, FREE_OF_RATIO = 1 << 20 };

/* gzip and zlib announce themselves; what else is called deflate comes without a header from some clients. */
static gboolean begin(z_stream *stream, const guint8 *data, gsize packed) {
  gboolean gzip = packed >= 2 && data[0] == 0x1f && data[1] == 0x8b;
  gboolean zlib = packed >= 2 && (data[0] & 0x0f) == 8 && (data[0] << 8 | data[1]) % 31 == 0;
  return inflateInit2(stream, gzip ? 15 + 16 : zlib ? 15 : -15) == Z_OK;
}

static gsize allowed(gsize packed, gsize max, guint ratio_max) {
  return MIN(max, FREE_OF_RATIO + packed * ratio_max);
}

/* Several gzip members may follow one another. */
static gboolean next_member(z_stream *stream) {
  return stream->avail_in >= 2 && stream->next_in[0] == 0x1f && stream->next_in[1] == 0x8b && inflateReset(stream) == Z_OK;
}

static gboolean refuse_size(gsize packed, gsize limit, GError **error) {
  return error_set(error, ERROR_LIMIT,
                   "the body of %" G_GSIZE_FORMAT " bytes unpacks to more than %" G_GSIZE_FORMAT " bytes\nhint: send less at once",
                   packed, limit);
}

static gboolean unpack(z_stream *stream, char **out, gsize limit, gsize padding, gsize packed, GError **error) {
  for (gsize room = ROOM_FIRST;;) {
    stream->next_out = (Bytef *)*out + stream->total_out;
    gsize before = (gsize)((char *)stream->next_out - *out);
    stream->avail_out = (uInt)(room - before);
    int result = inflate(stream, Z_NO_FLUSH);
    if (result == Z_STREAM_END)
      return TRUE;
    if (result != Z_OK && result != Z_BUF_ERROR)
      return error_set(error, ERROR_INVALID, "the body cannot be unpacked: it is not what its Content-Encoding says, or damaged");
    if (stream->avail_out == 0) {
      if (room >= limit)
        return refuse_size(packed, limit, error);
      room = MIN(room * 4, limit);
      char *larger = g_try_realloc(*out, room + padding);
      if (!larger)
        return error_set(error, ERROR_BUSY, "no memory to unpack the body\nhint: send it again in a moment");
      *out = larger;
    } else if (stream->avail_in == 0) {
      return error_set(error, ERROR_INVALID, "the packed body ends too early");
    }
  }
}

char *inflate_body(const void *data, gsize packed, gsize max, guint ratio_max, gsize padding, gsize *size, GError **error) {
  z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)packed};
  gsize limit = allowed(packed, max, ratio_max);
  g_autofree char *out = g_malloc(ROOM_FIRST + padding);
  if (!begin(&stream, data, packed)) {
    error_set(error, ERROR_BUSY, "no memory to unpack the body\nhint: send it again in a moment");
    return NULL;
  }
  gboolean good = unpack(&stream, &out, limit, padding, packed, error);
  if (good && next_member(&stream))
    good = error_set(error, ERROR_INVALID, "the packed body has several parts\nhint: pack it as one");
  *size = stream.total_out;
  inflateEnd(&stream);
  if (!good)
    return NULL;
  memset(out + *size, 0, padding);
  return g_steal_pointer(&out);
}
