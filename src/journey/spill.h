/* SPDX-License-Identifier: Apache-2.0
 * spill.h: large temporary memory. What would take more than a quarter of the machine's may lie in a file without
 * a name, so that the system can write it out instead of running out. */
#pragma once
#include <glib.h>

typedef struct {
  void *data; /* zeroed */
  gsize size;
} Spill;

gboolean spill_is_large(guint64 size_bytes);
/* With `folder` in a file there, if one can be had; else in memory, where untouched parts cost nothing. */
gboolean spill_map(Spill *spill, gsize size, const char *folder, GError **error);
/* The bytes will not be read again. */
void spill_forget(const Spill *spill, gsize from, gsize to);
void spill_unmap(Spill *spill);
