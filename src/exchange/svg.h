/* SPDX-License-Identifier: Apache-2.0
 * svg.h: writes SVG into a GString: the one place that escapes for it. Lengths are px; colours are CSS texts. */
#pragma once
#include <glib.h>

typedef struct Svg Svg;
typedef enum { SVG_START, SVG_MIDDLE, SVG_END } SvgAnchor;

Svg *svg_new(double width, double height, const char *title, const char *language);
char *svg_finish(Svg *svg); /* closes and frees; the text is the caller's */
void svg_rect(Svg *svg, double x, double y, double width, double height, double radius, const char *fill, const char *stroke);
void svg_line(Svg *svg, double x1, double y1, double x2, double y2, const char *stroke, double width);
void svg_circle(Svg *svg, double x, double y, double radius, const char *fill, const char *stroke);
/* `data` is path data; dash NULL: solid; opacity 1: none written */
void svg_path(Svg *svg, const char *data, const char *fill, const char *stroke, double width, const char *dash, double opacity);
void svg_text(Svg *svg, double x, double y, double size, guint weight, SvgAnchor anchor, const char *colour, const char *text);
void svg_raw(Svg *svg, const char *markup);                         /* trusted: definitions such as gradients */
double svg_text_width(const char *text, double size, guint weight); /* estimated for Inter; a little generous */
/* "C" from (x1,y1) to (x2,y2) leaving and arriving level. */
char *svg_curve(double x1, double y1, double x2, double y2);
