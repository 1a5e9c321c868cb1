/* SPDX-License-Identifier: Apache-2.0
 * manifest.h: which files make up the index, as a few lines of text that end with their checksum. Written last,
 * whole or not at all: what it does not name does not exist. */
#pragma once
#include <glib.h>

typedef struct {
  guint64 record_id, through;
  guint64 identity;    /* the mark of the settings that decide who is who */
  guint64 generation;  /* another one with every writing */
  GPtrArray *segments; /* of char*: file names, lowest level first */
} Manifest;

/* ERROR_NOT_FOUND, ERROR_VERSION, ERROR_DAMAGED. */
Manifest *manifest_read(const char *folder, GError **error);
gboolean manifest_write(const char *folder, const Manifest *manifest, GError **error);
Manifest *manifest_new(void);
void manifest_free(Manifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Manifest, manifest_free)
gboolean manifest_names(const Manifest *manifest, const char *segment);
