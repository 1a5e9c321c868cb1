// SPDX-License-Identifier: Apache-2.0
#include "exchange/svg.h"
#include <math.h>
#include <string.h>

struct Svg {
  GString *out;
};

static const char *number(char buffer[G_ASCII_DTOSTR_BUF_SIZE], double value) {
  if (fabs(value) < 0.005)
    value = 0;
  g_ascii_formatd(buffer, G_ASCII_DTOSTR_BUF_SIZE, "%.2f", value);
  char *end = buffer + strlen(buffer);
  while (end[-1] == '0')
    *--end = '\0';
  if (end[-1] == '.')
    end[-1] = '\0';
  return buffer;
}

static void attribute(Svg *svg, const char *name, double value) {
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_printf(svg->out, " %s=\"%s\"", name, number(buffer, value));
}

static void escaped(Svg *svg, const char *text) {
  for (const char *c = text; *c; c++)
    switch (*c) {
    case '&': g_string_append(svg->out, "&amp;"); break;
    case '<': g_string_append(svg->out, "&lt;"); break;
    case '>': g_string_append(svg->out, "&gt;"); break;
    case '"': g_string_append(svg->out, "&quot;"); break;
    default:
      if ((guchar)*c >= 0x20 || *c == '\t' || *c == '\n')
        g_string_append_c(svg->out, *c);
    }
}

static void paint(Svg *svg, const char *fill, const char *stroke) {
  g_string_append_printf(svg->out, " fill=\"%s\"", fill ? fill : "none");
  if (stroke)
    g_string_append_printf(svg->out, " stroke=\"%s\"", stroke);
}

Svg *svg_new(double width, double height, const char *title, const char *language) {
  Svg *svg = g_new0(Svg, 1);
  char a[G_ASCII_DTOSTR_BUF_SIZE], b[G_ASCII_DTOSTR_BUF_SIZE];
  svg->out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  number(a, width);
  number(b, height);
  g_string_append_printf(
      svg->out,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%s\" height=\"%s\" viewBox=\"0 0 %s %s\" xml:lang=\"%s\" "
      "role=\"img\" font-family=\"Inter, 'Helvetica Neue', Arial, sans-serif\" "
      "style=\"font-variant-numeric: tabular-nums\">\n<title>",
      a, b, a, b, language);
  escaped(svg, title);
  g_string_append(svg->out, "</title>\n");
  return svg;
}

char *svg_finish(Svg *svg) {
  g_string_append(svg->out, "</svg>\n");
  char *text = g_string_free(svg->out, FALSE);
  g_free(svg);
  return text;
}

void svg_raw(Svg *svg, const char *markup) {
  g_string_append(svg->out, markup);
}

void svg_rect(Svg *svg, double x, double y, double width, double height, double radius, const char *fill, const char *stroke) {
  g_string_append(svg->out, "<rect");
  attribute(svg, "x", x);
  attribute(svg, "y", y);
  attribute(svg, "width", MAX(width, 0));
  attribute(svg, "height", MAX(height, 0));
  if (radius > 0)
    attribute(svg, "rx", radius);
  paint(svg, fill, stroke);
  g_string_append(svg->out, "/>\n");
}

void svg_line(Svg *svg, double x1, double y1, double x2, double y2, const char *stroke, double width) {
  g_string_append(svg->out, "<line");
  attribute(svg, "x1", x1);
  attribute(svg, "y1", y1);
  attribute(svg, "x2", x2);
  attribute(svg, "y2", y2);
  attribute(svg, "stroke-width", width);
  g_string_append_printf(svg->out, " stroke=\"%s\"/>\n", stroke);
}

void svg_circle(Svg *svg, double x, double y, double radius, const char *fill, const char *stroke) {
  g_string_append(svg->out, "<circle");
  attribute(svg, "cx", x);
  attribute(svg, "cy", y);
  attribute(svg, "r", radius);
  paint(svg, fill, stroke);
  if (stroke)
    attribute(svg, "stroke-width", 2);
  g_string_append(svg->out, "/>\n");
}

void svg_path(Svg *svg, const char *data, const char *fill, const char *stroke, double width, const char *dash, double opacity) {
  g_string_append_printf(svg->out, "<path d=\"%s\"", data);
  paint(svg, fill, stroke);
  if (stroke)
    attribute(svg, "stroke-width", width);
  if (dash)
    g_string_append_printf(svg->out, " stroke-dasharray=\"%s\"", dash);
  if (opacity < 1)
    attribute(svg, "opacity", opacity);
  g_string_append(svg->out, "/>\n");
}

void svg_text(Svg *svg, double x, double y, double size, guint weight, SvgAnchor anchor, const char *colour, const char *text) {
  static const char *const anchors[] = {"start", "middle", "end"};
  g_string_append(svg->out, "<text");
  attribute(svg, "x", x);
  attribute(svg, "y", y);
  attribute(svg, "font-size", size);
  if (weight != 400)
    attribute(svg, "font-weight", weight);
  if (anchor != SVG_START)
    g_string_append_printf(svg->out, " text-anchor=\"%s\"", anchors[anchor]);
  g_string_append_printf(svg->out, " fill=\"%s\">", colour);
  escaped(svg, text);
  g_string_append(svg->out, "</text>\n");
}

double svg_text_width(const char *text, double size, guint weight) {
  double em = 0;
  for (const char *c = text; *c; c = g_utf8_next_char(c)) {
    gunichar u = g_utf8_get_char(c);
    if (u < 128 && strchr("iljt.,:;'|!fIr()-", (int)u))
      em += 0.34;
    else if (u == ' ' || u == 0x202f)
      em += 0.28;
    else if (u < 128 && strchr("mwMW@%", (int)u))
      em += 0.88;
    else if (g_unichar_isupper(u))
      em += 0.69;
    else
      em += 0.61;
  }
  return em * size * (weight >= 600 ? 1.05 : 1.0);
}

char *svg_curve(double x1, double y1, double x2, double y2) {
  char b[6][G_ASCII_DTOSTR_BUF_SIZE];
  double middle = (x1 + x2) / 2;
  number(b[0], x1), number(b[1], y1), number(b[2], middle), number(b[3], x2), number(b[4], y2), number(b[5], middle);
  return g_strdup_printf("M%s %sC%s %s %s %s %s %s", b[0], b[1], b[2], b[1], b[5], b[4], b[3], b[4]);
}
