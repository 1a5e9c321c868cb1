/* SPDX-License-Identifier: Apache-2.0
 * svg.h: writes SVG into a GString: the one place that escapes for it. Lengths are px; colours are CSS texts. */
#pragma once
#include <glib.h>

typedef struct Svg Svg;
typedef enum { SVG_START, SVG_MIDDLE, SVG_END } SvgAnchor;
typedef struct {
  const char *text;
  double size;
  guint weight;
  const char *colour;
} SvgRun;

Svg *svg_new(double width, double height, const char *title, const char *language);
char *svg_finish(Svg *svg); /* closes and frees; the text is the caller's */
void svg_rect(Svg *svg, double x, double y, double width, double height, double radius, const char *fill, const char *stroke);
void svg_line(Svg *svg, double x1, double y1, double x2, double y2, const char *stroke, double width);
void svg_circle(Svg *svg, double x, double y, double radius, const char *fill, const char *stroke);
/* `data` is path data; dash NULL: solid; opacity 1: none written */
void svg_path(Svg *svg, const char *data, const char *fill, const char *stroke, double width, const char *dash, double opacity);
void svg_text(Svg *svg, double x, double y, double size, guint weight, SvgAnchor anchor, const char *colour, const char *text);
/* Two styles on one baseline, whatever font is there; the anchor holds for both together. */
void svg_text_pair(Svg *svg, double x, double y, SvgAnchor anchor, const SvgRun *first, double gap, const SvgRun *second);
/* A text that was cut, with the whole of it on hover. */
void svg_titled_text(Svg *svg, double x, double y, double size, guint weight, const char *colour, const char *text,
                     const char *title);
void svg_raw(Svg *svg, const char *markup);                         /* trusted: definitions such as gradients */
double svg_text_width(const char *text, double size, guint weight); /* in Inter; other fonts come near */
/* The text, or as much of it as fits before an ellipsis; caller frees. */
char *svg_text_fitting(const char *text, double size, guint weight, double width);
/* "C" from (x1,y1) to (x2,y2) leaving and arriving level. */
char *svg_curve(double x1, double y1, double x2, double y2);
/* Path data: each % of the format is the next of the numbers, always with a decimal point. Caller frees. */
char *svg_data(const char *format, const double *numbers);
