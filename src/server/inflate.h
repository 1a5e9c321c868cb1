/* SPDX-License-Identifier: Apache-2.0
 * inflate.h: unpacks bodies of requests, gzip or zlib or raw deflate, within limits: a small body that would become a
 * huge one is refused before it does. */
#pragma once
#include <glib.h>

/* A new buffer with `padding` zero bytes behind its `*size`, or NULL: ERROR_LIMIT, ERROR_INVALID. */
char *inflate_body(const void *data, gsize packed, gsize max, guint ratio_max, gsize padding, gsize *size, GError **error);
