/* SPDX-License-Identifier: Apache-2.0
 * import_files.h: what was named on a command line as files: paths, patterns (`*.csv`), `-` for standard
 * input. What cannot be read twice (standard input, pipes) is first written to a nameless file beside the record, which goes with
 * the process. */
#pragma once
#include <glib.h>

typedef struct {
  char *path;     /* what is read */
  char *label;    /* what it is called */
  int descriptor; /* of the nameless file, else -1 */
} ImportFile;

/* In the order given, those of a pattern by name. ERROR_NOT_FOUND when nothing matches. */
/* Of ImportFile*. `input` is what a file named - is read from. */
GPtrArray *import_files(const char *const *names, int input, const char *temp_folder, GError **error);
void import_file_call(ImportFile *file, const char *label);
