// SPDX-License-Identifier: Apache-2.0
// Pictures for documents: our SVG drawn by librsvg on cairo surfaces.
#include "base/error.h"
#include "exchange/map_svg.h"
#include <cairo-pdf.h>
#include <librsvg/rsvg.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RsvgHandle, g_object_unref)

static cairo_status_t collect(void *closure, const unsigned char *data, unsigned int size) {
  g_byte_array_append(closure, data, size);
  return CAIRO_STATUS_SUCCESS;
}

static gboolean render(RsvgHandle *handle, cairo_surface_t *surface, double scale, double width, double height, GError **error) {
  RsvgRectangle area = {0, 0, width, height};
  cairo_t *cairo = cairo_create(surface);
  cairo_scale(cairo, scale, scale);
  gboolean good = rsvg_handle_render_document(handle, cairo, &area, error);
  cairo_destroy(cairo);
  return good;
}

static RsvgHandle *load(const char *svg, double *width, double *height, GError **error) {
  RsvgHandle *handle = rsvg_handle_new_from_data((const guint8 *)svg, strlen(svg), error);
  if (handle && !rsvg_handle_get_intrinsic_size_in_pixels(handle, width, height)) {
    error_set(error, ERROR_INVALID, "the picture has no size");
    g_clear_object(&handle);
  }
  return handle;
}

GBytes *svg_to_png(const char *svg, double scale, GError **error) {
  double width, height;
  g_autoptr(RsvgHandle) handle = load(svg, &width, &height, error);
  if (!handle)
    return NULL;
  GByteArray *out = g_byte_array_new();
  cairo_surface_t *surface =
      cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)(width * scale + 0.5), (int)(height * scale + 0.5));
  gboolean good = render(handle, surface, scale, width, height, error);
  if (good && cairo_surface_write_to_png_stream(surface, collect, out) != CAIRO_STATUS_SUCCESS)
    good = error_set(error, ERROR_IO, "the picture cannot be written as PNG");
  cairo_surface_destroy(surface);
  if (good)
    return g_byte_array_free_to_bytes(out);
  g_byte_array_unref(out);
  return NULL;
}

GBytes *svg_to_pdf(const char *svg, GError **error) {
  static const double a3_width = 1190.55, a3_height = 841.89; /* points */
  double width, height;
  g_autoptr(RsvgHandle) handle = load(svg, &width, &height, error);
  if (!handle)
    return NULL;
  GByteArray *out = g_byte_array_new();
  double scale = MIN(a3_width / width, a3_height / height);
  cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(collect, out, a3_width, a3_height);
  cairo_surface_set_device_offset(surface, (a3_width - width * scale) / 2, 0);
  gboolean good = render(handle, surface, scale, width, height, error);
  cairo_surface_finish(surface);
  cairo_surface_destroy(surface);
  if (good)
    return g_byte_array_free_to_bytes(out);
  g_byte_array_unref(out);
  return NULL;
}
