// SPDX-License-Identifier: Apache-2.0
#include "exchange/import_files.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_SIZE = 1 << 20 };

static void file_free(ImportFile *file) {
  if (file->descriptor >= 0)
    close(file->descriptor);
  g_free(file->path);
  g_free(file->label);
  g_free(file);
}

static ImportFile *file_new(char *path, const char *label, int descriptor) {
  ImportFile *file = g_new(ImportFile, 1);
  *file = (ImportFile){path, g_strdup(label), descriptor};
  return file;
}

void import_file_call(ImportFile *file, const char *label) {
  g_free(file->label);
  file->label = g_strdup(label);
}

static gboolean copy(int from, int to, const char *label, GError **error) {
  g_autofree char *piece = g_malloc(PIECE_SIZE);
  for (;;) {
    ssize_t got = read(from, piece, PIECE_SIZE);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return error_set(error, ERROR_IO, "reading %s failed: %s", label, g_strerror(errno));
    if (got == 0)
      return TRUE;
    for (ssize_t done = 0; done < got;) {
      ssize_t put = write(to, piece + done, (gsize)(got - done));
      if (put < 0 && errno != EINTR)
        return error_set_errno(error, errno, "keeping a copy of standard input beside the project");
      done += MAX(put, 0);
    }
  }
}

static ImportFile *spool(int from, const char *label, const char *temp_folder, GError **error) {
  g_autofree char *path = g_build_filename(temp_folder, "etappe-stdin-XXXXXX", NULL);
  int to = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
  if (to < 0) {
    g_autofree char *what = g_strdup_printf("writing to %s", temp_folder);
    error_set_errno(error, errno, what);
    return NULL;
  }
  unlink(path);
  ImportFile *file = file_new(g_strdup_printf("/proc/self/fd/%d", to), label, to);
  if (!copy(from, to, label, error))
    g_clear_pointer(&file, file_free);
  return file;
}

static gboolean is_pipe(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

static gboolean add_one(GPtrArray *files, const char *path, const char *temp_folder, GError **error) {
  ImportFile *file;
  if (is_pipe(path)) {
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0) {
      g_autofree char *what = g_strdup_printf("opening %s", path);
      return error_set_errno(error, errno, what);
    }
    file = spool(from, path, temp_folder, error);
    close(from);
  } else {
    file = file_new(g_strdup(path), path, -1);
  }
  if (file)
    g_ptr_array_add(files, file);
  return file != NULL;
}

static gboolean add_pattern(GPtrArray *files, const char *pattern, const char *temp_folder, GError **error) {
  glob_t found;
  gboolean good = TRUE;
  if (glob(pattern, 0, NULL, &found) != 0)
    good = error_set(error, ERROR_NOT_FOUND, strpbrk(pattern, "*?[") ? "no file is named like %s" : "there is no file %s", pattern);
  for (gsize i = 0; good && i < found.gl_pathc; i++)
    good = add_one(files, found.gl_pathv[i], temp_folder, error);
  globfree(&found);
  return good;
}

static gboolean add_input(GPtrArray *files, int input, const char *temp_folder, GError **error) {
  ImportFile *file = spool(input, "standard input", temp_folder, error);
  if (file)
    g_ptr_array_add(files, file);
  return file != NULL;
}

GPtrArray *import_files(const char *const *names, int input, const char *temp_folder, GError **error) {
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func((GDestroyNotify)file_free);
  for (; *names; names++) {
    gboolean good = g_str_equal(*names, "-")                  ? add_input(files, input, temp_folder, error)
                    : g_file_test(*names, G_FILE_TEST_EXISTS) ? add_one(files, *names, temp_folder, error)
                                                              : add_pattern(files, *names, temp_folder, error);
    if (!good)
      return NULL;
  }
  return g_steal_pointer(&files);
}
