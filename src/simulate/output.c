// SPDX-License-Identifier: Apache-2.0
#include "simulate/output.h"
#include "base/file.h"
#include <gio/gio.h>

enum { GZIP_LEVEL = 3, PACKED_SIZE = 1 << 18 };

struct Output {
  FileOut *file;
  GConverter *gzip; // NULL: plain
  char packed[PACKED_SIZE];
};

Output *output_new(const char *path, GError **error) {
  FileOut *file = file_out_new(path, error);
  if (!file)
    return NULL;
  Output *output = g_new(Output, 1);
  output->file = file;
  output->gzip =
      g_str_has_suffix(path, ".gz") ? G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, GZIP_LEVEL)) : NULL;
  return output;
}

void output_free(Output *output) {
  if (!output)
    return;
  file_out_free(output->file);
  g_clear_object(&output->gzip);
  g_free(output);
}

static gboolean pack(Output *output, const char *text, gsize size, GConverterFlags flags, GError **error) {
  for (GConverterResult result = G_CONVERTER_CONVERTED; size > 0 || (flags && result != G_CONVERTER_FINISHED);) {
    gsize used = 0, packed = 0;
    g_autoptr(GError) why = NULL;
    result = g_converter_convert(output->gzip, text, size, output->packed, PACKED_SIZE, flags, &used, &packed, &why);
    if (result == G_CONVERTER_ERROR)
      return error_set(error, ERROR_IO, "compressing failed: %s", why->message);
    if (packed && !file_out_write(output->file, output->packed, packed, error))
      return FALSE;
    text += used;
    size -= used;
  }
  return TRUE;
}

gboolean output_write(Output *output, const char *text, gsize size, GError **error) {
  return output->gzip ? pack(output, text, size, G_CONVERTER_NO_FLAGS, error) : file_out_write(output->file, text, size, error);
}

gboolean output_commit(Output *output, GError **error) {
  if (output->gzip && !pack(output, "", 0, G_CONVERTER_INPUT_AT_END, error))
    return FALSE;
  return file_out_commit(output->file, error);
}
