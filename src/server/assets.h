/* SPDX-License-Identifier: Apache-2.0
 * assets.h: the web app and the tag of other pages inside the program: files made from web/ when it was built. */
#pragma once
#include <glib.h>

typedef struct {
  const char *name; /* "main-7HX2Q.js"; the hash in it makes it good for ever, but for index.html, icon.svg, etappe.js */
  const char *type; /* Content-Type */
  const char *etag; /* as the header says it; of what is in it */
  const unsigned char *data;
  gsize size;
  gboolean gzip; /* the bytes are compressed: send Content-Encoding, or inflate for who does not take it */
} Asset;

const Asset *asset_find(const char *name); /* NULL when there is none */
extern const Asset assets_all[];           /* ends with a NULL name */
