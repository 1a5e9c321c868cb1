// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz entry over every file of a folder, in order of names: replay FOLDER. Prints TAP.
#include <glib.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gint by_name(gconstpointer a, gconstpointer b) {
  return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *list_files(const char *folder) {
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  const char *name;
  while (dir && (name = g_dir_read_name(dir)) != NULL)
    g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
  g_ptr_array_sort(paths, by_name);
  return paths;
}

int main(int argc, char **argv) {
  g_autoptr(GPtrArray) paths = list_files(argc > 1 ? argv[1] : ".");
  g_print("1..%u\n", paths->len);
  for (guint i = 0; i < paths->len; i++) {
    g_autofree char *text = NULL, *name = g_path_get_basename(g_ptr_array_index(paths, i));
    gsize size;
    if (g_file_get_contents(g_ptr_array_index(paths, i), &text, &size, NULL))
      LLVMFuzzerTestOneInput((const uint8_t *)text, size);
    g_print("%s %u - %s\n", text ? "ok" : "not ok", i + 1, name);
  }
  return paths->len == 0;
}
