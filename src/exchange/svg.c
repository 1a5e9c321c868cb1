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

/* XML holds no control characters, no U+FFFE and no U+FFFF, escaped or not. */
static gboolean allowed(gunichar u) {
  return u >= 0x20 ? u != 0x7f && u != 0xfffe && u != 0xffff : u == '\t' || u == '\n';
}

static void escaped(Svg *svg, const char *text) {
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  for (const char *c = valid; *c; c = g_utf8_next_char(c))
    switch (*c) {
    case '&': g_string_append(svg->out, "&amp;"); break;
    case '<': g_string_append(svg->out, "&lt;"); break;
    case '>': g_string_append(svg->out, "&gt;"); break;
    case '"': g_string_append(svg->out, "&quot;"); break;
    default:
      if (allowed(g_utf8_get_char(c)))
        g_string_append_unichar(svg->out, g_utf8_get_char(c));
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

static void text_open(Svg *svg, double x, double y, double size, guint weight, SvgAnchor anchor, const char *colour) {
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
}

void svg_text(Svg *svg, double x, double y, double size, guint weight, SvgAnchor anchor, const char *colour, const char *text) {
  text_open(svg, x, y, size, weight, anchor, colour);
  escaped(svg, text);
  g_string_append(svg->out, "</text>\n");
}

void svg_text_pair(Svg *svg, double x, double y, SvgAnchor anchor, const SvgRun *first, double gap, const SvgRun *second) {
  text_open(svg, x, y, first->size, first->weight, anchor, first->colour);
  escaped(svg, first->text);
  g_string_append(svg->out, "<tspan");
  attribute(svg, "dx", gap);
  attribute(svg, "font-size", second->size);
  attribute(svg, "font-weight", second->weight);
  g_string_append_printf(svg->out, " fill=\"%s\">", second->colour);
  escaped(svg, second->text);
  g_string_append(svg->out, "</tspan></text>\n");
}

void svg_titled_text(Svg *svg, double x, double y, double size, guint weight, const char *colour, const char *text,
                     const char *title) {
  text_open(svg, x, y, size, weight, SVG_START, colour);
  g_string_append(svg->out, "<title>");
  escaped(svg, title);
  g_string_append(svg->out, "</title>");
  escaped(svg, text);
  g_string_append(svg->out, "</text>\n");
}

/* Inter's advance widths in thousandths of the size, regular and semi-bold, of U+0020..U+007E. Digits have the width of
 * tabular figures; letters with marks are as wide as those without. */
static const guint16 widths[2][95] = {
    {265, 294, 400, 637, 646, 828, 651, 217, 378, 378, 522, 666, 288, 463, 283, 368, 646, 646, 646, 646, 646, 646, 646, 646,
     646, 646, 283, 288, 666, 666, 666, 526, 968, 700, 654, 735, 722, 603, 586, 749, 742, 270, 552, 664, 564, 898, 747, 768,
     639, 768, 645, 643, 651, 738, 700, 978, 666, 685, 639, 378, 368, 378, 475, 460, 497, 569, 626, 568, 626, 587, 369, 617,
     602, 249, 249, 556, 249, 884, 597, 602, 617, 617, 384, 536, 372, 594, 566, 825, 551, 566, 551, 378, 342, 378, 666},
    {265, 309, 400, 643, 666, 844, 663, 217,  393, 393, 543, 673, 295, 466, 290, 379, 667, 666, 666, 666, 666, 666, 666, 666,
     666, 666, 290, 295, 673, 673, 673, 544,  999, 724, 657, 744, 724, 608, 586, 755, 744, 275, 561, 677, 566, 906, 741, 775,
     643, 776, 651, 649, 660, 734, 724, 1007, 690, 705, 653, 393, 379, 393, 481, 468, 497, 575, 630, 577, 630, 593, 377, 625,
     613, 261, 261, 569, 261, 898, 610, 608,  625, 625, 397, 549, 380, 608, 576, 837, 562, 576, 562, 393, 358, 393, 673}};

static double char_width(gunichar u, guint face) {
  gunichar base = 0, mark = 0;
  if (u > 0x7f && g_unichar_decompose(u, &base, &mark) && mark)
    u = base;
  if (u >= 0x20 && u < 0x7f)
    return widths[face][u - 0x20];
  if (g_unichar_iszerowidth(u))
    return 0;
  if (u == 0x202f)
    return 175;
  return g_unichar_iswide(u) ? 1000 : u == 0x2026 ? 815 : g_unichar_isupper(u) ? 780 : 680;
}

double svg_text_width(const char *text, double size, guint weight) {
  double sum = 0;
  for (const char *c = text; *c; c = g_utf8_next_char(c))
    sum += char_width(g_utf8_get_char(c), weight >= 500);
  return sum / 1000 * size;
}

char *svg_text_fitting(const char *text, double size, guint weight, double width) {
  if (svg_text_width(text, size, weight) <= width)
    return g_strdup(text);
  for (glong n = g_utf8_strlen(text, -1) - 1; n > 0; n--) {
    g_autofree char *head = g_utf8_substring(text, 0, n);
    g_autofree char *cut = g_strconcat(g_strchomp(head), "…", NULL);
    if (svg_text_width(cut, size, weight) <= width)
      return g_steal_pointer(&cut);
  }
  return g_strdup("…");
}

char *svg_curve(double x1, double y1, double x2, double y2) {
  char b[6][G_ASCII_DTOSTR_BUF_SIZE];
  double middle = (x1 + x2) / 2;
  number(b[0], x1), number(b[1], y1), number(b[2], middle), number(b[3], x2), number(b[4], y2), number(b[5], middle);
  return g_strdup_printf("M%s %sC%s %s %s %s %s %s", b[0], b[1], b[2], b[1], b[5], b[4], b[3], b[4]);
}

char *svg_data(const char *format, const double *numbers) {
  g_autoptr(GString) out = g_string_new(NULL);
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  for (const char *c = format; *c; c++)
    if (*c == '%')
      g_string_append(out, number(buffer, *numbers++));
    else
      g_string_append_c(out, *c);
  return g_strdup(out->str);
}
