/* SPDX-License-Identifier: Apache-2.0
 * byte_in.h: a file as a stream of bytes, unpacked when it is gzip or zstd (told by content, not by name).
 * A packed file that ends in the middle or fails its checksum is an error, never a shorter file: DuckDB's
 * readers accept both silently, which is why we unpack ourselves. */
#pragma once
#include <glib.h>

typedef enum { PACK_NONE, PACK_GZIP, PACK_ZSTD } Packing;
typedef struct ByteIn ByteIn; /* one thread at a time */

ByteIn *byte_in_open(const char *path, const char *label, GError **error); /* label: the file's name in messages */
void byte_in_free(ByteIn *in);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ByteIn, byte_in_free)

Packing byte_in_packing(const ByteIn *in);
guint64 byte_in_offset(const ByteIn *in); /* bytes of the file itself taken so far */
guint64 byte_in_size(const ByteIn *in);   /* and how many it has */

/* Fills the buffer; *n < size means that the end was reached. */
gboolean byte_in_read(ByteIn *in, void *buffer, gsize size, gsize *n, GError **error);
