/* SPDX-License-Identifier: Apache-2.0
 * output.h: text to a file, gzipped when its name ends in .gz; the file appears whole or not at all. */
#pragma once
#include "base/error.h"

typedef struct Output Output;
Output *output_new(const char *path, GError **error);
gboolean output_write(Output *output, const char *text, gsize size, GError **error);
gboolean output_commit(Output *output, GError **error);
void output_free(Output *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Output, output_free)
