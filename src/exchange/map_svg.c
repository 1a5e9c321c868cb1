// SPDX-License-Identifier: Apache-2.0
// Puts the picture together: what is shown, the finding, the weak points, the stages' names, then the band and the rows
// (map_draw.h) where the layout says, and the key.
#include "exchange/map_svg.h"
#include "exchange/map_draw.h"
#include <math.h>

const char *picture_score_colour(const Score *score) {
  static const char *const colours[] = {POOR, "#cc7426", "#7b818c", "#4a8fc7", GOOD};
  return score_rated(score) ? colours[score_class(score)] : UNRATED;
}

void picture_text_within(const Picture *p, double x, double y, double size, guint weight, const char *colour, const char *text,
                         double width) {
  g_autofree char *fit = svg_text_fitting(text, size, weight, width);
  if (g_str_equal(fit, text))
    svg_text(p->svg, x, y, size, weight, SVG_START, colour, text);
  else
    svg_titled_text(p->svg, x, y, size, weight, colour, fit, text);
}

void picture_number(const Picture *p, double x, double y, guint number) {
  char text[12];
  g_snprintf(text, sizeof text, "%u", number);
  svg_circle(p->svg, x, y, 7.5, INK, NULL);
  svg_text(p->svg, x, y + 3.8, 10.5, 600, SVG_MIDDLE, "#ffffff", text);
}

/* Poor bars are hatched, so that they stand out without colour too. */
void picture_bar(const Picture *p, double x, double y, double width, double solid, double height, const Score *score) {
  const char *colour = picture_score_colour(score);
  double top = y - height / 2;
  if (solid < width)
    svg_rect(p->svg, x + 0.5, top + 0.5, width - 1, height - 1, 0, "#ffffff", colour);
  svg_rect(p->svg, x, top, solid, height, 0, colour, NULL);
  if (score_rated(score) && score_class(score) < 2)
    svg_rect(p->svg, x, top, solid, height, 0, "url(#poor)", NULL);
}

/* --- head ---------------------------------------------------------------------------------------- */

static void draw_weak(const Picture *p) {
  const MapLayout *l = p->layout;
  guint n = p->map->weak->len;
  double x = l->margin, gap = 28, room = n ? (l->inner - (n - 1) * gap) / n : 0, spare = 0;
  for (guint w = 0; w < n; w++) {
    g_autofree char *text = map_weak_text(p->map, p->language, w);
    double width = MIN(svg_text_width(text, 13, 400) + 1, room - 24 + spare);
    picture_number(p, x + 8, l->weak_y - 4.5, w + 1);
    picture_text_within(p, x + 24, l->weak_y, 13, 400, INK_2, text, width);
    spare += room - 24 - width;
    x += 24 + width + gap;
  }
}

static void draw_head(const Picture *p) {
  const MapLayout *l = p->layout;
  g_autofree char *about = map_about_text(p->map, p->language);
  picture_text_within(p, l->margin, l->about_y, 12, 400, INK_3, about, l->inner);
  picture_text_within(p, l->margin, l->lead_y, 22, 600, INK, p->map->lead, l->inner);
  draw_weak(p);
}

static void draw_arrow(const Picture *p, guint s, double y) {
  const MapStage *stage = picture_stage(p, s);
  g_autofree char *share = wording_share(p->language, stage->persons ? (double)stage->onward / (double)stage->persons : NAN);
  g_autofree char *time = wording_duration_short(p->language, stage->median_ms);
  double middle = picture_column(p, s)->end + p->layout->gutter / 2 - 3;
  const double head[] = {middle + 19, y - 4, middle + 24, y, middle + 19, y + 4};
  g_autofree char *tip = svg_data("M% %L% %L% %", head);
  svg_text(p->svg, middle, y - 6, 12, 500, SVG_MIDDLE, INK_2, share);
  svg_line(p->svg, middle - 24, y, middle + 24, y, INK_3, 1);
  svg_path(p->svg, tip, NULL, INK_3, 1, NULL, 1);
  svg_text(p->svg, middle, y + 14, 11, 400, SVG_MIDDLE, INK_3, time);
}

static void draw_names(const Picture *p) {
  const MapLayout *l = p->layout;
  guint n = p->map->stages->len;
  for (guint s = 0; s < n; s++) {
    const MapStage *stage = picture_stage(p, s);
    g_autofree char *persons = wording_count(p->language, stage->persons);
    g_autofree char *share = wording_share(p->language, stage->share);
    picture_text_within(p, picture_column(p, s)->x, l->names_y, 15, 600, INK, stage->label, l->stage_width + 2);
    svg_text_pair(p->svg, picture_column(p, s)->x, l->names_y + 19, SVG_START, &(SvgRun){persons, 13, 600, INK}, 6,
                  &(SvgRun){share, 13, 400, INK_3});
    if (s + 1 < n && stage->persons)
      draw_arrow(p, s, l->names_y + 3);
  }
  if (!p->map->model || l->credit_most <= 0)
    return;
  g_autofree char *total = wording_money(p->language, (double)p->map->value / 1e6, p->map->currency);
  svg_text(p->svg, l->margin + l->inner, l->names_y, 13, 600, SVG_END, INK, map_say(p->language, SAY_CREDIT));
  svg_text(p->svg, l->margin + l->inner, l->names_y + 19, 13, 600, SVG_END, INK, total);
}

/* --- key ----------------------------------------------------------------------------------------- */

typedef struct {
  const Picture *p;
  double x, y;
} Key;

/* Room for a sign of `width` with its words; the next line when this one is full. */
static double key_place(Key *key, double width, const char *text) {
  double all = width + 8 + svg_text_width(text, 12, 400), left = key->p->layout->margin;
  if (key->x > left && key->x + all > left + key->p->layout->inner) {
    key->x = left;
    key->y += 22;
  }
  double x = key->x;
  svg_text(key->p->svg, x + width + 8, key->y, 12, 400, SVG_START, INK_2, text);
  key->x += all + 26;
  return x;
}

static void key_bars(Key *key) {
  static const double values[] = {20, 40, 55, 70, 90};
  const Picture *p = key->p;
  double x = key_place(key, 46, map_say(p->language, SAY_KEY_BAR));
  Score fair = {55, 0, 0, MAP_SCORES_MIN}, none = {NAN, NAN, NAN, 0};
  picture_bar(p, x, key->y - 4, 46, 30, 10, p->layout->scored ? &fair : &none);
  if (!p->layout->scored)
    return;
  x = key_place(key, 89, map_say(p->language, SAY_KEY_SCORE));
  for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
    Score score = {values[i], 0, 0, MAP_SCORES_MIN};
    picture_bar(p, x + 18 * i, key->y - 4, 17, 17, 10, &score);
  }
  x = key_place(key, 17, map_say(p->language, SAY_KEY_UNRATED));
  picture_bar(p, x, key->y - 4, 17, 17, 10, &none);
}

static void key_strands(Key *key) {
  const Picture *p = key->p;
  if (p->layout->strands->len) {
    g_autofree char *share = wording_share(p->language, p->layout->strand_share);
    g_autofree char *text = g_strconcat(map_say(p->language, SAY_KEY_STRAND), " ", share, NULL);
    double x = key_place(key, 28, text);
    g_autofree char *data = svg_curve(x, key->y - 1, x + 28, key->y - 7);
    svg_path(p->svg, data, NULL, STRAND, 4, NULL, 1);
  }
  if (p->map->road->len < 2)
    return;
  double x = key_place(key, 28, map_say(p->language, SAY_KEY_ROAD));
  g_autofree char *data = svg_curve(x, key->y - 1, x + 28, key->y - 7);
  svg_path(p->svg, data, NULL, MARK_EDGE, 6.5, NULL, 1);
  svg_path(p->svg, data, NULL, MARK, 4.5, NULL, 1);
}

void picture_key(const Picture *p, const char *command) {
  Key key = {p, p->layout->margin, p->layout->key_y};
  key_bars(&key);
  key_strands(&key);
  if (p->map->weak->len) {
    double x = key_place(&key, 16, map_say(p->language, SAY_KEY_WEAK));
    picture_number(p, x + 8, key.y - 4, 1);
  }
  if (!command)
    return;
  g_autofree char *line = g_strconcat(map_say(p->language, SAY_COMMAND), " ", command, NULL);
  picture_text_within(p, p->layout->margin, key.y + 24, 11, 400, INK_3, line, p->layout->inner);
}

/* --- all ----------------------------------------------------------------------------------------- */

static void draw_definitions(const Picture *p) {
  const double pipe[] = {p->layout->band_bottom - 46, p->layout->band_bottom + 4};
  g_autofree char *fade = svg_data("y1=\"%\" y2=\"%\"", pipe);
  g_autofree char *text = g_strconcat(
      "<defs><linearGradient id=\"fade-out\"><stop offset=\"0\" stop-color=\"" BAND "\"/><stop offset=\"1\" stop-color=\"" BAND
      "\" stop-opacity=\"0\"/></linearGradient><linearGradient id=\"fade-in\"><stop offset=\"0\" stop-color=\"" BAND
      "\" stop-opacity=\"0\"/><stop offset=\"1\" stop-color=\"" BAND
      "\"/></linearGradient><linearGradient id=\"pipe\" gradientUnits=\"userSpaceOnUse\" x1=\"0\" x2=\"0\" ",
      fade,
      "><stop offset=\"0\" stop-color=\"" INK_3 "\"/><stop offset=\"1\" stop-color=\"" INK_3
      "\" stop-opacity=\"0.15\"/></linearGradient><pattern id=\"poor\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\" "
      "patternTransform=\"rotate(45)\"><rect width=\"1.2\" height=\"4\" fill=\"#ffffff\" opacity=\"0.55\"/></pattern></defs>\n",
      NULL);
  svg_raw(p->svg, text);
}

char *map_svg(const JourneyMap *map, const char *command) {
  g_autoptr(MapLayout) layout = map_layout_new(map);
  Picture p = {.map = map, .layout = layout, .language = layout->language};
  p.svg = svg_new(layout->width, layout->height, map->lead, map->language);
  draw_definitions(&p);
  svg_rect(p.svg, 0, 0, layout->width, layout->height, 0, GROUND, NULL);
  draw_head(&p);
  if (map->stages->len) {
    draw_names(&p);
    picture_band(&p);
  }
  for (guint s = 0; s < map->stages->len; s++)
    svg_line(p.svg, picture_column(&p, s)->x, layout->rows_top, picture_column(&p, s)->x, layout->rows_bottom, LINE_2, 1);
  picture_strands(&p);
  picture_road(&p);
  picture_labels(&p);
  picture_cells(&p);
  picture_credits(&p);
  picture_key(&p, command);
  return svg_finish(p.svg);
}

char *map_layout_text(const JourneyMap *map) {
  g_autoptr(MapLayout) layout = map_layout_new(map);
  g_autoptr(JsonOut) out = json_out_new();
  map_layout_json(layout, map, out);
  return g_strconcat(json_out_text(out, NULL), "\n", NULL);
}
