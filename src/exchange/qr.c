// SPDX-License-Identifier: Apache-2.0
#include "exchange/qr.h"

#include "base/error.h"
#include "exchange/svg.h"
#include <qrencode.h>
#include <string.h>

enum { TEXT_SIZE_MAX = 2331 }; /* what version 40 holds at level M */

/* One path of horizontal runs: smaller than a rectangle a module, and without hairlines between them. */
static char *modules_path(const QRcode *code) {
  GString *path = g_string_new(NULL);
  for (int y = 0; y < code->width; y++)
    for (int x = 0, end; x < code->width; x = end + 1) {
      const unsigned char *row = code->data + y * code->width;
      for (end = x; end < code->width && row[end] & 1; end++)
        continue;
      if (end > x)
        g_string_append_printf(path, "M%d %dh%dv%dh-%dz", (x + QR_QUIET_MODULES) * QR_MODULE_PX,
                               (y + QR_QUIET_MODULES) * QR_MODULE_PX, (end - x) * QR_MODULE_PX, QR_MODULE_PX,
                               (end - x) * QR_MODULE_PX);
    }
  return g_string_free(path, FALSE);
}

char *qr_svg(const char *text, const char *title, GError **error) {
  gsize size = strlen(text);
  QRcode *code = size && size <= TEXT_SIZE_MAX ? QRcode_encodeData((int)size, (const unsigned char *)text, 0, QR_ECLEVEL_M) : NULL;
  if (code == NULL) {
    error_set(error, ERROR_LIMIT, "a QR code holds 1 to %d bytes; this text has %zu", TEXT_SIZE_MAX, size);
    return NULL;
  }
  double side = (code->width + 2 * QR_QUIET_MODULES) * QR_MODULE_PX;
  g_autofree char *path = modules_path(code);
  Svg *svg = svg_new(side, side, title, "en");
  svg_rect(svg, 0, 0, side, side, 0, "#ffffff", NULL);
  svg_path(svg, path, "#000000", NULL, 0, NULL, 1);
  QRcode_free(code);
  return svg_finish(svg);
}
