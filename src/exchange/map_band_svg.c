// SPDX-License-Identifier: Apache-2.0
// The band of people: thickness people, height experience. At a stage's end from top to bottom: who went on, who is still
// there (fading), who left (a hollow pipe with number and share).
#include "exchange/map_draw.h"
#include "analysis/map_story.h"
#include <math.h>

static const double FADE = 26, BEND = 14;

static void draw_axis(const Picture *p) {
  const MapLayout *l = p->layout;
  double x = l->margin, y = (l->fair_y + l->good_y) / 2;
  svg_text(p->svg, x, y - 22, 12, 600, SVG_START, INK, map_say(p->language, SAY_BAND));
  svg_text(p->svg, x, y - 5, 11, 400, SVG_START, INK_3, map_say(p->language, SAY_BAND_THICKNESS));
  if (l->scored)
    svg_text(p->svg, x, y + 10, 11, 400, SVG_START, INK_3, map_say(p->language, SAY_BAND_HEIGHT));
  svg_text(p->svg, x, y + (l->scored ? 25 : 10), 11, 400, SVG_START, INK_3, map_say(p->language, SAY_BAND_HOLLOW));
  if (!l->scored)
    return;
  const double lines[] = {l->good_y, l->fair_y};
  const Saying names[] = {SAY_GOOD, SAY_FAIR};
  for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
    svg_line(p->svg, picture_column(p, 0)->x, lines[i], picture_column(p, l->columns->len - 1)->end, lines[i], LINE, 1);
    svg_text(p->svg, picture_column(p, 0)->x - 8, lines[i] + 4, 11, 400, SVG_END, INK_3, map_say(p->language, names[i]));
  }
}

static double top_of(const MapColumn *column) {
  return column->centre - column->thickness / 2;
}

static void draw_onward(const Picture *p, guint s) {
  const MapColumn *from = picture_column(p, s), *to = picture_column(p, s + 1);
  double y1 = top_of(from), y2 = top_of(to), arriving = MIN(from->onward, to->thickness - to->entered),
         middle = (from->end + to->x) / 2;
  if (from->onward <= 0 || arriving <= 0)
    return;
  double x1 = from->end - 0.5, x2 = to->x + 0.5; /* no seam */
  const double numbers[] = {x1,     y1,
                            middle, y1,
                            middle, y2,
                            x2,     y2,
                            x2,     y2 + arriving,
                            middle, y2 + arriving,
                            middle, y1 + from->onward,
                            x1,     y1 + from->onward};
  g_autofree char *data = svg_data("M% %C% % % % % %L% %C% % % % % %Z", numbers);
  svg_path(p->svg, data, BAND, NULL, 0, NULL, 1);
}

static void draw_column(const Picture *p, guint s) {
  const MapColumn *column = picture_column(p, s);
  double bottom = column->centre + column->thickness / 2;
  svg_rect(p->svg, column->x, top_of(column), column->end - column->x, column->thickness, 0, BAND, NULL);
  if (column->entered > 0 && s)
    svg_rect(p->svg, column->x - FADE, bottom - column->entered, FADE, column->entered, 0, "url(#fade-in)", NULL);
  if (column->still > 0)
    svg_rect(p->svg, column->end, MIN(top_of(column) + column->onward, bottom - column->still), FADE, column->still, 0,
             "url(#fade-out)", NULL);
  if (s + 1 < p->layout->columns->len)
    draw_onward(p, s);
}

static void draw_pipe(const Picture *p, guint s) {
  const MapColumn *column = picture_column(p, s);
  if (picture_stage(p, s)->left == 0)
    return;
  double thick = MAX(3, column->left), bottom = column->centre + column->thickness / 2, x = column->end;
  for (guint side = 0; side < 2; side++) {
    double y = side ? bottom : bottom - thick, out = side ? BEND : BEND + thick;
    const double numbers[] = {x, y, x + out, y, x + out, y + out, x + out, MAX(p->layout->band_bottom + 4, y + out)};
    g_autofree char *data = svg_data("M% %Q% % % %L% %", numbers);
    svg_path(p->svg, data, NULL, "url(#pipe)", 1.1, NULL, 1);
  }
}

static void draw_left(const Picture *p, guint s) {
  const MapColumn *column = picture_column(p, s);
  double y = p->layout->left_y;
  if (picture_stage(p, s)->left == 0)
    return;
  if (map_story_worst(p->map) == s)
    svg_rect(p->svg, column->left_x - 7, y - 14.5, column->left_width + 14, 20, 3, MARK_SOFT, NULL);
  g_autofree char *count = wording_count(p->language, picture_stage(p, s)->left);
  g_autofree char *rest = map_stage_left_text(p->map, p->language, s);
  svg_text_pair(p->svg, column->left_x, y, SVG_START, &(SvgRun){count, 12, 600, INK}, 4, &(SvgRun){rest, 12, 400, INK_2});
}

static void draw_arc(const Picture *p) {
  const MapArc *arc = &p->layout->arc;
  if (!arc->any)
    return;
  double side = arc->x2 < arc->x1 ? -1 : 1, bend = MIN(26, fabs(arc->x2 - arc->x1) / 2), a = arc->x1 + side * bend,
         b = arc->x2 - side * bend;
  const double numbers[] = {arc->x1, arc->y1,   arc->x1, arc->lane, arc->x1, arc->lane, a,       arc->lane,
                            b,       arc->lane, arc->x2, arc->lane, arc->x2, arc->lane, arc->x2, arc->y2};
  const double head[] = {arc->x2 - 4.5, arc->y2 - 6, arc->x2, arc->y2, arc->x2 + 4.5, arc->y2 - 6};
  g_autofree char *data = svg_data("M% %C% % % % % %L% %C% % % % % %", numbers);
  g_autofree char *tip = svg_data("M% %L% %L% %", head);
  g_autofree char *count = wording_count(p->language, picture_stage(p, arc->stage)->returned);
  g_autofree char *text = g_strconcat(count, " ", map_say(p->language, SAY_COME_BACK), NULL);
  svg_path(p->svg, data, NULL, INK_3, 1.2, "3 3", 1);
  svg_path(p->svg, tip, NULL, INK_3, 1.2, NULL, 1);
  svg_text(p->svg, (arc->x1 + arc->x2) / 2, arc->lane - 5, 11, 400, SVG_MIDDLE, INK_3, text);
}

/* The line ends where nobody came any further. */
static void draw_curve(const Picture *p) {
  guint n = p->layout->columns->len;
  while (n > 1 && picture_column(p, n - 1)->thickness <= 0)
    n--;
  const MapColumn *last = picture_column(p, 0);
  g_autoptr(GString) data = g_string_new(NULL);
  const double start[] = {last->x, last->centre};
  g_autofree char *first = svg_data("M% %", start);
  double x = last->x, y = last->centre;
  g_string_append(data, first);
  for (guint s = 0; s < n; s++) {
    const MapColumn *column = picture_column(p, s);
    double next = (column->x + column->end) / 2, middle = (x + next) / 2;
    const double numbers[] = {middle, y, middle, column->centre, next, column->centre};
    g_autofree char *part = svg_data("C% % % % % %", numbers);
    g_string_append(data, part);
    x = next;
    y = column->centre;
  }
  const double end[] = {picture_column(p, n - 1)->end};
  g_autofree char *tail = svg_data("H%", end);
  g_string_append(data, tail);
  svg_path(p->svg, data->str, NULL, p->layout->scored ? INK : INK_3, 1.5, p->layout->scored ? NULL : "4 4", 1);
}

static void draw_score(const Picture *p, guint s) {
  const MapColumn *column = picture_column(p, s);
  const Score *score = &picture_stage(p, s)->score;
  double x = (column->x + column->end) / 2;
  if (!column->rated)
    return;
  g_autofree char *value = wording_decimal(p->language, round(score->value), 0);
  g_autofree char *rest = map_score_text(score, p->language);
  svg_circle(p->svg, x, column->centre, 6, picture_score_colour(score), "#ffffff");
  svg_text_pair(p->svg, x, column->score_y, SVG_MIDDLE, &(SvgRun){value, 14, 600, INK}, 4, &(SvgRun){rest, 10.5, 400, INK_3});
}

void picture_band(const Picture *p) {
  guint n = p->layout->columns->len;
  draw_axis(p);
  for (guint s = 0; s < n; s++)
    draw_column(p, s);
  for (guint s = 0; s < n; s++) {
    draw_pipe(p, s);
    draw_left(p, s);
  }
  draw_arc(p);
  draw_curve(p);
  for (guint s = 0; s < n; s++)
    draw_score(p, s);
}
