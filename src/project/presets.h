/* SPDX-License-Identifier: Apache-2.0
 * presets.h: the YAML files of src/project/presets/, embedded by the build (tools/embed). */
#pragma once
#include <glib.h>

typedef struct {
  const char *name; /* without .yaml; NULL ends the table */
  const char *text;
  gsize size;
} PresetFile;

extern const PresetFile preset_files[];
