/* SPDX-License-Identifier: Apache-2.0
 * text_in.h: a file as a stream of UTF-8. Byte order marks are taken off; UTF-16 is told by its mark or
 * its pattern. The rest is UTF-8 if the first piece with anything but ASCII is; else, over the whole file, it is
 * Windows-1252 (which includes Latin-1) when hardly any byte above 127 belongs to a valid sequence, or UTF-8
 * with faulty places, which are handed on as they are and which text_in_faulty() tells of. */
#pragma once
#include <glib.h>

typedef struct TextIn TextIn; /* one thread at a time */

/* `encoding` as --encoding names it ("windows-1252", "cp850", ...), NULL to find out.
 * ERROR_USAGE for a name nobody knows. */
TextIn *text_in_open(const char *path, const char *label, const char *encoding, GError **error);
void text_in_free(TextIn *in);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TextIn, text_in_free)

/* Some more text into the buffer (at least 64 bytes); *n == 0 at the end. Sequences may be cut between calls. */
gboolean text_in_read(TextIn *in, char *buffer, gsize size, gsize *n, GError **error);

const char *text_in_encoding(const TextIn *in); /* what it turned out to be: "UTF-8", "Windows-1252", ... */
gboolean text_in_faulty(const TextIn *in);      /* what was read so far may hold invalid UTF-8 */
guint64 text_in_offset(const TextIn *in);       /* bytes of the file itself taken so far, of text_in_size() */
guint64 text_in_size(const TextIn *in);
