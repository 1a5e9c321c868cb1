// SPDX-License-Identifier: Apache-2.0
// Geometry: labels | stage | gutter | stage | ... | contribution. From top to bottom: the finding, the weak points, the
// stages' names, the band of people, where they left, the rows by family, the key.
//
//   labels 226      stage: (what is left) / stages          value 128
//   |--------------|==========|~gutter 62~|==========|~~~~~|==========|--------|
//
// Rows: to 6 touchpoints 84 px with all numbers; to 12: 40; to 28: 20. A map with more is folded before (map.h).
#include "exchange/map_svg.h"
#include "exchange/svg.h"
#include "base/wording.h"
#include <math.h>
#include <string.h>

#define INK "#1a1c21"
#define INK_2 "#4a4f59"
#define INK_3 "#656b77"
#define LINE "#e4e4df"
#define LINE_2 "#cfcfc9"
#define GROUND "#fafaf8"
#define MARK "#ffd23f"
#define MARK_SOFT "#fff2bf"
#define MARK_EDGE "#7a5c00"
#define BAND "#dcdfe6"
#define STRAND "#a3a9b5"
#define UNRATED "#bcc1ca"

static const double MARGIN = 40, INNER = 1300, LABELS = 226, GUTTER = 62, VALUE = 128, BAND_HEIGHT = 150, GROUP_GAP = 7, BAR = 10,
                    THICK_MAX = 62, THICK_MIN = 2, POINT = 1.5, STRANDS_SHARE = 0.7;
enum { STRANDS_A_GUTTER = 12 };

typedef enum {
  SAY_STAGE_SHARE,
  SAY_LEAVE,
  SAY_COME_BACK,
  SAY_BAND,
  SAY_BAND_2,
  SAY_BAND_3,
  SAY_GOOD,
  SAY_FAIR,
  SAY_KEY_BAR,
  SAY_KEY_SCORE,
  SAY_KEY_UNRATED,
  SAY_KEY_STRAND,
  SAY_KEY_ROAD,
  SAY_CREDIT,
  SAY_INTERVAL,
  SAY_FINDING,
  SAY_FINDING_NONE,
  SAY_WEAK,
  SAY_SCORE,
  SAY_PERSONS,
  SAY_LEAVE_SHARE,
  SAY_OF_STAGE,
  SAY_COMMAND,
  SAY_ALL_TIME,
  SAY_FILTER,
  SAYINGS
} Saying;

static const char *const sayings[SAYINGS][2] = {
    [SAY_STAGE_SHARE] = {"of all", "von allen"},
    [SAY_LEAVE] = {"leave", "gehen"},
    [SAY_COME_BACK] = {"come back", "kommen wieder"},
    [SAY_BAND] = {"The people's way", "Weg der Personen"},
    [SAY_BAND_2] = {"Thickness: people", "Dicke: Personen"},
    [SAY_BAND_3] = {"Hollow: left", "Hohl: ausgestiegen"},
    [SAY_GOOD] = {"good 75", "gut 75"},
    [SAY_FAIR] = {"fair 50", "mäßig 50"},
    [SAY_KEY_BAR] = {"Share of the stage's people, hollow: left", "Anteil der Personen der Phase, hohl: ausgestiegen"},
    [SAY_KEY_SCORE] = {"Experience poor to good", "Erlebnis schlecht bis gut"},
    [SAY_KEY_UNRATED] = {"not rated", "ohne Bewertung"},
    [SAY_KEY_STRAND] = {"most frequent moves,", "häufigste Wechsel,"},
    [SAY_KEY_ROAD] = {"main road: each step the most frequent", "Hauptweg: je Schritt der häufigste"},
    [SAY_CREDIT] = {"Contribution", "Umsatzbeitrag"},
    [SAY_INTERVAL] = {"95% interval", "95-%-Intervall"},
    [SAY_FINDING] = {"Most are lost in %s: %s leave there.", "Die meisten gehen in der Phase %s verloren: %s steigen dort aus."},
    [SAY_FINDING_NONE] = {"%s people on their way.", "%s Personen auf ihrem Weg."},
    [SAY_WEAK] = {"%s: %s leave", "%s: %s steigen aus"},
    [SAY_SCORE] = {"Experience", "Erlebnis"},
    [SAY_PERSONS] = {"people", "Personen"},
    [SAY_LEAVE_SHARE] = {"%s of the stage, %s leave", "%s der Phase, %s gehen"},
    [SAY_OF_STAGE] = {"of the stage", "der Phase"},
    [SAY_COMMAND] = {"As a command:", "Als Befehl:"},
    [SAY_ALL_TIME] = {"All time", "Gesamter Zeitraum"},
    [SAY_FILTER] = {"Filter:", "Filter:"},
};

static const struct {
  const char *family, *colour, *label[2];
} families[] = {{"ads", "#ca7528", {"Advertising", "Werbung"}}, {"social", "#781a5e", {"Social media", "Social Media"}},
                {"search", "#574700", {"Search", "Suche"}},     {"web", "#30439c", {"Website & app", "Website & App"}},
                {"mail", "#0075a0", {"E-mail", "E-Mail"}},      {"store", "#3c9f84", {"Store", "Filiale"}},
                {"service", "#917fe4", {"Service", "Service"}}, {"club", "#75644b", {"Club", "Kundenclub"}}};

typedef struct {
  Svg *svg;
  const JourneyMap *map;
  Language language;
  double stage_width, row_height;
  double *row_y; /* per touchpoint: the rail */
  double band_top, band_bottom, rows_top, rows_bottom;
  guint8 *on_road;     /* per cell */
  double strand_share; /* of moves into the next stage that are drawn */
} Picture;

static const char *say(const Picture *picture, Saying saying) {
  return sayings[saying][picture->language];
}

static const MapStage *stage_at(const Picture *p, guint s) {
  return &g_array_index(p->map->stages, MapStage, s);
}
static const MapTouchpoint *touchpoint_at(const Picture *p, guint t) {
  return &g_array_index(p->map->touchpoints, MapTouchpoint, t);
}
static const MapCell *cell_at(const Picture *p, guint c) {
  return &g_array_index(p->map->cells, MapCell, c);
}

static double stage_x(const Picture *p, guint s) {
  return MARGIN + LABELS + s * (p->stage_width + GUTTER);
}
static double stage_end(const Picture *p, guint s) {
  return stage_x(p, s) + p->stage_width;
}

static const char *score_colour(const Score *score) {
  static const char *const colours[] = {"#a33a08", "#cc7426", "#7b818c", "#4a8fc7", "#0f5a9c"};
  if (score->n == 0)
    return UNRATED;
  return colours[score->value < 35 ? 0 : score->value < 48 ? 1 : score->value <= 62 ? 2 : score->value <= 77 ? 3 : 4];
}

static void number_disc(Picture *p, double x, double y, guint number) {
  char text[4];
  g_snprintf(text, sizeof text, "%u", number % 10);
  svg_circle(p->svg, x, y, 7.5, INK, NULL);
  svg_text(p->svg, x, y + 3.8, 10.5, 600, SVG_MIDDLE, "#ffffff", text);
}

static char *dup_format(const char *format, const char *a, const char *b) {
  g_auto(GStrv) parts = g_strsplit(format, "%s", 3);
  return g_strconcat(parts[0], a, parts[1] ? parts[1] : "", parts[1] && parts[2] ? b : "", parts[1] && parts[2] ? parts[2] : "",
                     NULL);
}

/* --- head ---------------------------------------------------------------------------------------- */

static char *finding(const Picture *p) {
  guint worst = G_MAXUINT;
  for (guint s = 0; s < p->map->stages->len; s++)
    if (stage_at(p, s)->left && (worst == G_MAXUINT || stage_at(p, s)->left > stage_at(p, worst)->left))
      worst = s;
  if (worst == G_MAXUINT) {
    g_autofree char *persons = wording_count(p->language, p->map->persons);
    return dup_format(say(p, SAY_FINDING_NONE), persons, "");
  }
  g_autofree char *share = wording_share(p->language, (double)stage_at(p, worst)->left / (double)stage_at(p, worst)->persons);
  return dup_format(say(p, SAY_FINDING), stage_at(p, worst)->label, share);
}

static void draw_head(Picture *p) {
  double x = MARGIN, right = MARGIN + INNER;
  g_autofree char *lead = finding(p);
  svg_text(p->svg, MARGIN, 58, 22, 600, SVG_START, INK, lead);
  for (guint w = 0; w < p->map->weak->len; w++) {
    const MapWeakness *weak = &g_array_index(p->map->weak, MapWeakness, w);
    g_autofree char *share = wording_share(p->language, weak->left_share);
    const MapCell *cell = cell_at(p, weak->cell);
    g_autofree char *where = g_strconcat(touchpoint_at(p, cell->touchpoint)->label, ", ", stage_at(p, cell->stage)->label, NULL);
    g_autofree char *text = dup_format(say(p, SAY_WEAK), where, share);
    number_disc(p, x + 8, 84, w + 1);
    svg_text(p->svg, x + 24, 88, 13, 400, SVG_START, INK_2, text);
    x += 24 + svg_text_width(text, 13, 400) + 24;
  }
  svg_text(p->svg, right, 58, 13, 400, SVG_END, INK_2, say(p, SAY_ALL_TIME));
  if (p->map->filters) {
    g_autofree char *text = g_strconcat(say(p, SAY_FILTER), " ", p->map->filters, NULL);
    svg_text(p->svg, right, 106, 12, 400, SVG_END, INK_3, text);
  }
}

static void draw_arrow(Picture *p, guint s, double y) {
  const MapStage *stage = stage_at(p, s);
  g_autofree char *share = wording_share(p->language, stage->persons ? (double)stage->onward / (double)stage->persons : NAN);
  g_autofree char *time = wording_duration(p->language, stage->median_ms);
  double middle = stage_end(p, s) + GUTTER / 2;
  svg_text(p->svg, middle, y - 6, 12, 500, SVG_MIDDLE, INK, share);
  svg_line(p->svg, middle - 25, y, middle + 24, y, INK_3, 1);
  g_autofree char *head = g_strdup_printf("M%.0f %.0fl5 4l-5 4", middle + 20, y - 4);
  svg_path(p->svg, head, NULL, INK_3, 1, NULL, 1);
  svg_text(p->svg, middle, y + 14, 11, 400, SVG_MIDDLE, INK_3, time);
}

static void draw_stage_names(Picture *p) {
  double y = 140;
  for (guint s = 0; s < p->map->stages->len; s++) {
    const MapStage *stage = stage_at(p, s);
    g_autofree char *persons = wording_count(p->language, stage->persons);
    g_autofree char *share = wording_share(p->language, stage->share);
    svg_text(p->svg, stage_x(p, s), y, 15, 600, SVG_START, INK, stage->label);
    svg_text(p->svg, stage_x(p, s), y + 18, 13, 600, SVG_START, INK, persons);
    svg_text(p->svg, stage_x(p, s) + svg_text_width(persons, 13, 600) + 7, y + 18, 13, 400, SVG_START, INK_3, share);
    if (s + 1 < p->map->stages->len)
      draw_arrow(p, s, y + 3);
  }
  if (!p->map->model)
    return;
  g_autofree char *total = wording_money(p->language, (double)p->map->value / 1e6, p->map->currency);
  svg_text(p->svg, MARGIN + INNER, y, 13, 600, SVG_END, INK, say(p, SAY_CREDIT));
  svg_text(p->svg, MARGIN + INNER, y + 18, 13, 600, SVG_END, INK, total);
}

/* --- the band ------------------------------------------------------------------------------------ */

static double thickness(const Picture *p, double persons) {
  guint64 most = 1;
  for (guint s = 0; s < p->map->stages->len; s++)
    most = MAX(most, stage_at(p, s)->persons);
  return persons > 0 ? MAX(THICK_MIN, THICK_MAX * persons / (double)most) : 0;
}

static gboolean has_scores(const Picture *p) {
  for (guint s = 0; s < p->map->stages->len; s++)
    if (stage_at(p, s)->score.n)
      return TRUE;
  return FALSE;
}

static double band_centre(const Picture *p, guint s) {
  const Score *score = &stage_at(p, s)->score;
  double middle = p->band_top + BAND_HEIGHT / 2;
  if (score->n)
    return CLAMP(middle - (score->value - 60) * POINT, p->band_top + THICK_MAX / 2, p->band_bottom - THICK_MAX / 2);
  return middle;
}

static void draw_onward(Picture *p, guint s) {
  const MapStage *stage = stage_at(p, s);
  double thick = thickness(p, (double)stage->onward);
  if (stage->onward == 0)
    return;
  double x1 = stage_end(p, s), x2 = stage_x(p, s + 1), y1 = band_centre(p, s) - thickness(p, (double)stage->persons) / 2;
  double y2 = band_centre(p, s + 1) - thickness(p, (double)stage_at(p, s + 1)->persons) / 2;
  double thick2 = MIN(thick, thickness(p, (double)stage_at(p, s + 1)->persons)), middle = (x1 + x2) / 2;
  g_autofree char *data =
      g_strdup_printf("M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1fL%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1fZ", x1, y1, middle, y1,
                      middle, y2, x2, y2, x2, y2 + thick2, middle, y2 + thick2, middle, y1 + thick, x1, y1 + thick);
  svg_path(p->svg, data, BAND, NULL, 0, NULL, 1);
}

static void draw_left(Picture *p, guint s) {
  const MapStage *stage = stage_at(p, s);
  double thick = MAX(3, thickness(p, (double)stage->left));
  if (stage->left == 0)
    return;
  double x = stage_end(p, s), bottom = band_centre(p, s) + thickness(p, (double)stage->persons) / 2, top = bottom - thick;
  double drop = p->band_bottom + 2, bend = 14;
  for (guint side = 0; side < 2; side++) {
    double y = side ? bottom : top, out = side ? bend : bend + thick;
    g_autofree char *data = g_strdup_printf("M%.1f %.1fQ%.1f %.1f %.1f %.1fL%.1f %.1f", x, y, x + out, y, x + out, y + out, x + out,
                                            MAX(drop, y + out));
    svg_path(p->svg, data, NULL, INK_3, 1, NULL, 0.8);
  }
  g_autofree char *count = wording_count(p->language, stage->left);
  g_autofree char *share = wording_share(p->language, (double)stage->left / (double)stage->persons);
  g_autofree char *rest = g_strdup_printf("%s, %s", say(p, SAY_LEAVE), share);
  double width = svg_text_width(count, 12, 600) + 5 + svg_text_width(rest, 12, 400), left = x + bend + thick / 2 - width / 2;
  guint worst = s;
  for (guint i = 0; i < p->map->stages->len; i++)
    if (stage_at(p, i)->left > stage_at(p, worst)->left)
      worst = i;
  if (worst == s)
    svg_rect(p->svg, left - 6, drop + 4, width + 12, 20, 3, MARK_SOFT, NULL);
  svg_text(p->svg, left, drop + 18, 12, 600, SVG_START, INK, count);
  svg_text(p->svg, left + svg_text_width(count, 12, 600) + 5, drop + 18, 12, 400, SVG_START, INK_2, rest);
}

/* The largest return, as an arc back from the stage that follows. */
static void draw_returned(Picture *p) {
  guint best = G_MAXUINT;
  for (guint s = 0; s + 1 < p->map->stages->len; s++)
    if (stage_at(p, s)->returned && (best == G_MAXUINT || stage_at(p, s)->returned > stage_at(p, best)->returned))
      best = s;
  if (best == G_MAXUINT)
    return;
  guint from = MIN(p->map->stages->len - 1, best + 2 > p->map->stages->len - 1 ? best + 1 : best + 2);
  double x1 = stage_x(p, from) + p->stage_width * 0.3, x2 = stage_x(p, best) + p->stage_width * 0.7;
  double y1 = band_centre(p, from) - thickness(p, (double)stage_at(p, from)->persons) / 2 - 6;
  double y2 = band_centre(p, best) - thickness(p, (double)stage_at(p, best)->persons) / 2 - 8,
         peak = MAX(MIN(y1, y2) - 34, p->band_top - 2);
  g_autofree char *data = g_strdup_printf("M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f", x1, y1, x1 - 10, peak, x2 + 10, peak, x2, y2);
  g_autofree char *head = g_strdup_printf("M%.1f %.1fL%.1f %.1fL%.1f %.1f", x2 - 5, y2 - 6, x2, y2, x2 + 7, y2 - 5);
  g_autofree char *count = wording_count(p->language, stage_at(p, best)->returned);
  g_autofree char *text = g_strconcat(count, " ", say(p, SAY_COME_BACK), NULL);
  svg_path(p->svg, data, NULL, INK_3, 1.2, "3 3", 1);
  svg_path(p->svg, head, NULL, INK_3, 1.2, NULL, 1);
  svg_text(p->svg, (x1 + x2) / 2, peak + 4, 11, 400, SVG_MIDDLE, INK_3, text);
}

static void draw_score_line(Picture *p) {
  gboolean scores = has_scores(p);
  g_autoptr(GString) data = g_string_new(NULL);
  double last_x = stage_x(p, 0), last_y = band_centre(p, 0);
  g_string_append_printf(data, "M%.1f %.1f", last_x, last_y);
  for (guint s = 0; s < p->map->stages->len; s++) {
    double x = stage_x(p, s) + p->stage_width / 2, y = band_centre(p, s), middle = (last_x + x) / 2;
    g_string_append_printf(data, "C%.1f %.1f %.1f %.1f %.1f %.1f", middle, last_y, middle, y, x, y);
    last_x = x;
    last_y = y;
  }
  g_string_append_printf(data, "H%.1f", stage_end(p, p->map->stages->len - 1));
  svg_path(p->svg, data->str, NULL, scores ? INK : INK_3, 1.5, scores ? NULL : "4 4", 1);
  for (guint s = 0; s < p->map->stages->len; s++) {
    const Score *score = &stage_at(p, s)->score;
    if (!score->n)
      continue;
    double x = stage_x(p, s) + p->stage_width / 2, y = band_centre(p, s);
    g_autofree char *text = wording_decimal(p->language, round(score->value), 0);
    g_autofree char *n = g_strdup_printf("n %" G_GUINT64_FORMAT, score->n);
    svg_circle(p->svg, x, y, 6, score_colour(score), "#ffffff");
    svg_text(p->svg, x, y - thickness(p, (double)stage_at(p, s)->persons) / 2 - 14, 14, 600, SVG_MIDDLE, INK, text);
    svg_text(p->svg, x, y - thickness(p, (double)stage_at(p, s)->persons) / 2 - 3, 10, 400, SVG_MIDDLE, INK_3, n);
  }
}

static void draw_band(Picture *p) {
  double middle = p->band_top + BAND_HEIGHT / 2, x = MARGIN;
  svg_text(p->svg, x, middle - 22, 12, 600, SVG_START, INK, say(p, SAY_BAND));
  svg_text(p->svg, x, middle - 5, 11, 400, SVG_START, INK_3, say(p, SAY_BAND_2));
  svg_text(p->svg, x, middle + 26, 11, 400, SVG_START, INK_3, say(p, SAY_BAND_3));
  if (has_scores(p)) {
    static const int marks[] = {75, 50};
    static const Saying names[] = {SAY_GOOD, SAY_FAIR};
    svg_text(p->svg, x, middle + 11, 11, 400, SVG_START, INK_3,
             p->language == LANGUAGE_DE ? "Höhe: Erlebnis 0–100" : "Height: experience 0–100");
    for (guint i = 0; i < G_N_ELEMENTS(marks); i++) {
      double y = middle - (marks[i] - 60) * POINT;
      svg_line(p->svg, stage_x(p, 0), y, stage_end(p, p->map->stages->len - 1), y, LINE, 1);
      svg_text(p->svg, stage_x(p, 0) - 8, y + 4, 11, 400, SVG_END, INK_3, say(p, names[i]));
    }
  }
  for (guint s = 0; s < p->map->stages->len; s++) {
    double thick = thickness(p, (double)stage_at(p, s)->persons);
    svg_rect(p->svg, stage_x(p, s), band_centre(p, s) - thick / 2, p->stage_width, thick, 0, BAND, NULL);
    double still = thickness(p, (double)stage_at(p, s)->still),
           top = band_centre(p, s) - thick / 2 + thickness(p, (double)stage_at(p, s)->onward);
    if (stage_at(p, s)->still)
      svg_rect(p->svg, stage_end(p, s), MIN(top, band_centre(p, s) + thick / 2 - still), 26, still, 0, "url(#fade)", NULL);
    if (s + 1 < p->map->stages->len)
      draw_onward(p, s);
    draw_left(p, s);
  }
  draw_returned(p);
  draw_score_line(p);
}

/* --- rows ---------------------------------------------------------------------------------------- */

static guint family_index(const char *family) {
  for (guint i = 0; i < G_N_ELEMENTS(families); i++)
    if (strcmp(families[i].family, family) == 0)
      return i;
  return G_N_ELEMENTS(families);
}

static void place_rows(Picture *p) {
  guint n = p->map->touchpoints->len;
  double y = p->rows_top;
  p->row_height = n <= 6 ? 84 : n <= 12 ? 40 : 20;
  for (guint t = 0; t < n; t++) {
    if (t && strcmp(touchpoint_at(p, t)->family, touchpoint_at(p, t - 1)->family) != 0)
      y += GROUP_GAP;
    p->row_y[t] = y + p->row_height / 2;
    y += p->row_height;
  }
  p->rows_bottom = y;
}

/* Cut to what fits, with an ellipsis. */
static char *fitting(const char *text, double size, double width) {
  if (svg_text_width(text, size, 400) <= width)
    return g_strdup(text);
  glong n = g_utf8_strlen(text, -1);
  for (;;) {
    g_autofree char *head = g_utf8_substring(text, 0, --n);
    char *cut = g_strconcat(g_strchomp(head), "…", NULL);
    if (n <= 1 || svg_text_width(cut, size, 400) <= width)
      return cut;
    g_free(cut);
  }
}

static void draw_labels(Picture *p) {
  guint n = p->map->touchpoints->len;
  for (guint t = 0; t < n;) {
    const char *family = touchpoint_at(p, t)->family;
    guint end = t, f = family_index(family);
    while (end < n && strcmp(touchpoint_at(p, end)->family, family) == 0)
      end++;
    double top = p->row_y[t] - p->row_height / 2 + 2, bottom = p->row_y[end - 1] + p->row_height / 2 - 2;
    svg_rect(p->svg, MARGIN, top, 3, bottom - top, 1, f < G_N_ELEMENTS(families) ? families[f].colour : INK_3, NULL);
    g_autofree char *name = fitting(f < G_N_ELEMENTS(families) ? families[f].label[p->language] : family, 12, 86);
    svg_text(p->svg, MARGIN + 10, p->row_y[t] + 4, 12, 400, SVG_START, INK_3, name);
    for (; t < end; t++) {
      g_autofree char *label = fitting(touchpoint_at(p, t)->label, 12, LABELS - 110);
      svg_text(p->svg, MARGIN + 102, p->row_y[t] + 4, 12, n <= 12 ? 500 : 400, SVG_START, INK, label);
    }
  }
}

static double bar_scale(const Picture *p) {
  return p->stage_width * 0.5;
}

static double digits_end(const Picture *p, guint c) {
  const MapCell *cell = cell_at(p, c);
  g_autofree char *count = wording_count(p->language, cell->persons);
  double x = stage_x(p, cell->stage) + MAX(2, cell->share * bar_scale(p)) + 6 + svg_text_width(count, 12, 400) + 6;
  if (cell->score.n && (cell->score.value < 45 || cell->score.value >= 84))
    x += 30;
  for (guint w = 0; w < p->map->weak->len; w++)
    if (g_array_index(p->map->weak, MapWeakness, w).cell == c)
      x += 22;
  return x;
}

static void draw_strand(Picture *p, guint from, guint to, double width, const char *colour, double opacity) {
  double y1 = p->row_y[cell_at(p, from)->touchpoint], y2 = p->row_y[cell_at(p, to)->touchpoint];
  double start = digits_end(p, from), bend = stage_end(p, cell_at(p, from)->stage), end = stage_x(p, cell_at(p, to)->stage) - 2;
  g_autofree char *curve = svg_curve(bend, y1, end, y2);
  g_autofree char *data =
      start < bend ? g_strdup_printf("M%.1f %.1fH%.1f%s", start, y1, bend, strchr(curve, 'C')) : g_strdup(curve);
  svg_path(p->svg, data, NULL, colour, width, NULL, opacity);
}

static gboolean is_next(const Picture *p, const MapMove *move) {
  return cell_at(p, move->to)->stage == cell_at(p, move->from)->stage + 1;
}

/* A gutter's strongest moves until they hold 70 % of it, or twelve. */
static void draw_strands(Picture *p) {
  guint64 all = 0, shown = 0, most = 1;
  for (guint m = 0; m < p->map->moves->len; m++) {
    const MapMove *move = &g_array_index(p->map->moves, MapMove, m);
    if (is_next(p, move)) {
      all += move->persons;
      most = MAX(most, move->persons);
    }
  }
  for (guint s = 0; s + 1 < p->map->stages->len; s++) {
    guint64 gutter = 0, here = 0;
    guint drawn = 0;
    for (guint m = 0; m < p->map->moves->len; m++) {
      const MapMove *move = &g_array_index(p->map->moves, MapMove, m);
      gutter += is_next(p, move) && cell_at(p, move->from)->stage == s ? move->persons : 0;
    }
    for (guint m = 0; m < p->map->moves->len && drawn < STRANDS_A_GUTTER && (double)here < STRANDS_SHARE * (double)gutter; m++) {
      const MapMove *move = &g_array_index(p->map->moves, MapMove, m);
      if (!is_next(p, move) || cell_at(p, move->from)->stage != s)
        continue;
      draw_strand(p, move->from, move->to, MAX(1, 7 * sqrt((double)move->persons / (double)most)), STRAND, 0.55);
      here += move->persons;
      drawn++;
    }
    shown += here;
  }
  p->strand_share = all ? (double)shown / (double)all : NAN;
}

static void draw_road(Picture *p) {
  const GArray *road = p->map->road;
  for (guint i = 0; i < road->len; i++) {
    guint c = g_array_index(road, guint, i);
    double y = p->row_y[cell_at(p, c)->touchpoint], height = MIN(p->row_height, 20);
    svg_rect(p->svg, stage_x(p, cell_at(p, c)->stage) - 3, y - height / 2, p->stage_width + 3, height, 3, MARK_SOFT, NULL);
  }
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i + 1 < road->len; i++) {
      guint from = g_array_index(road, guint, i), to = g_array_index(road, guint, i + 1);
      double y1 = p->row_y[cell_at(p, from)->touchpoint], y2 = p->row_y[cell_at(p, to)->touchpoint];
      g_autofree char *data = svg_curve(stage_end(p, cell_at(p, from)->stage), y1, stage_x(p, cell_at(p, to)->stage) - 2, y2);
      svg_path(p->svg, data, NULL, pass ? MARK : MARK_EDGE, pass ? 4.5 : 6.5, NULL, 1);
    }
}

static void draw_cell_words(Picture *p, const MapCell *cell, double x, double y) {
  if (p->row_height < 84)
    return;
  g_autofree char *share = wording_share(p->language, cell->share);
  g_autofree char *left = wording_share(p->language, (double)cell->left / (double)cell->persons);
  g_autofree char *text = dup_format(say(p, SAY_LEAVE_SHARE), share, left);
  g_autofree char *fit = fitting(text, 11, p->stage_width + 20);
  svg_text(p->svg, x, y + 24, 11, 400, SVG_START, INK_3, fit);
  if (!cell->score.n)
    return;
  g_autofree char *score = wording_decimal(p->language, round(cell->score.value), 0);
  g_autofree char *line = g_strdup_printf("%s %s (n %" G_GUINT64_FORMAT ")", say(p, SAY_SCORE), score, cell->score.n);
  svg_text(p->svg, x, y - 16, 11, 400, SVG_START, INK_3, line);
}

static void draw_cell(Picture *p, guint c) {
  const MapCell *cell = cell_at(p, c);
  double x = stage_x(p, cell->stage), y = p->row_y[cell->touchpoint], width = MAX(2, cell->share * bar_scale(p));
  double solid = width * (double)(cell->persons - cell->left) / (double)cell->persons, bar = p->row_height > 40 ? 16 : BAR;
  const char *colour = score_colour(&cell->score);
  g_autofree char *count = wording_count(p->language, cell->persons);
  if (cell->left)
    svg_rect(p->svg, x + 0.5, y - bar / 2 + 0.5, width - 1, bar - 1, 0, "#ffffff", colour);
  svg_rect(p->svg, x, y - bar / 2, solid, bar, 0, colour, NULL);
  svg_text(p->svg, x + width + 6, y + 4, p->row_height > 40 ? 13 : 12, p->row_height > 20 ? 600 : 400, SVG_START, INK, count);
  double at = x + width + 6 + svg_text_width(count, 12, 400) + 6;
  if (cell->score.n && (cell->score.value < 45 || cell->score.value >= 84)) {
    g_autofree char *score = wording_decimal(p->language, round(cell->score.value), 0);
    g_autofree char *text = g_strconcat(cell->score.value < 45 ? "▾ " : "▴ ", score, NULL);
    svg_text(p->svg, at, y + 4, 12, 600, SVG_START, cell->score.value < 45 ? "#a33a08" : "#0f5a9c", text);
    at += 30;
  }
  for (guint w = 0; w < p->map->weak->len; w++)
    if (g_array_index(p->map->weak, MapWeakness, w).cell == c)
      number_disc(p, at + 10, y, w + 1);
  draw_cell_words(p, cell, x + 4, y);
}

static void draw_credits(Picture *p) {
  double most = 0, axis = MARGIN + INNER - VALUE + 36, room = 40;
  for (guint t = 0; t < p->map->touchpoints->len; t++) {
    const MapTouchpoint *touchpoint = touchpoint_at(p, t);
    if (isfinite(touchpoint->credit))
      most = MAX(most, MAX(touchpoint->credit, isfinite(touchpoint->credit_high) ? touchpoint->credit_high : 0));
  }
  if (!p->map->model || most <= 0)
    return;
  g_autofree char *head = g_strconcat(p->map->model, ", ", say(p, SAY_INTERVAL), NULL);
  head[0] = g_ascii_toupper(head[0]);
  svg_text(p->svg, MARGIN + INNER, p->rows_top - 8, 11, 400, SVG_END, INK_3, head);
  svg_line(p->svg, axis, p->rows_top, axis, p->rows_bottom, LINE_2, 1);
  for (guint t = 0; t < p->map->touchpoints->len; t++) {
    const MapTouchpoint *touchpoint = touchpoint_at(p, t);
    double y = p->row_y[t];
    gboolean known = isfinite(touchpoint->credit);
    g_autofree char *money = known ? wording_money(p->language, touchpoint->credit, p->map->currency) : g_strdup("–");
    svg_text(p->svg, MARGIN + INNER, y + 4, 11.5, 400, SVG_END, known ? INK_2 : INK_3, money);
    if (!known)
      continue;
    svg_rect(p->svg, axis, y - 3, touchpoint->credit / most * room, 6, 0, UNRATED, NULL);
    if (isfinite(touchpoint->credit_low))
      svg_line(p->svg, axis + touchpoint->credit_low / most * room, y, axis + touchpoint->credit_high / most * room, y, INK_2, 1.2);
  }
}

static void draw_key(Picture *p, double y, const char *command) {
  static const double scores[] = {20, 40, 55, 70, 90};
  double x = MARGIN;
  svg_rect(p->svg, x, y - 9, 30, 10, 0, "#7b818c", NULL);
  svg_rect(p->svg, x + 30.5, y - 8.5, 16, 9, 0, "#ffffff", "#7b818c");
  svg_text(p->svg, x + 54, y, 12, 400, SVG_START, INK_2, say(p, SAY_KEY_BAR));
  x += 54 + svg_text_width(say(p, SAY_KEY_BAR), 12, 400) + 26;
  if (has_scores(p)) {
    for (guint i = 0; i < G_N_ELEMENTS(scores); i++) {
      Score score = {scores[i], 0, 0, 1};
      svg_rect(p->svg, x + i * 18.0, y - 9, 17, 10, 0, score_colour(&score), NULL);
    }
    svg_text(p->svg, x + 98, y, 12, 400, SVG_START, INK_2, say(p, SAY_KEY_SCORE));
    x += 98 + svg_text_width(say(p, SAY_KEY_SCORE), 12, 400) + 26;
  }
  svg_rect(p->svg, x, y - 9, 16, 10, 0, UNRATED, NULL);
  svg_text(p->svg, x + 24, y, 12, 400, SVG_START, INK_2, say(p, SAY_KEY_UNRATED));
  x += 24 + svg_text_width(say(p, SAY_KEY_UNRATED), 12, 400) + 26;
  g_autofree char *share = wording_share(p->language, p->strand_share);
  g_autofree char *strands = g_strconcat(say(p, SAY_KEY_STRAND), " ", share, NULL);
  svg_line(p->svg, x, y - 4, x + 28, y - 4, STRAND, 4);
  svg_text(p->svg, x + 36, y, 12, 400, SVG_START, INK_2, strands);
  x += 36 + svg_text_width(strands, 12, 400) + 26;
  svg_line(p->svg, x, y - 4, x + 28, y - 4, MARK_EDGE, 6.5);
  svg_line(p->svg, x, y - 4, x + 28, y - 4, MARK, 4.5);
  svg_text(p->svg, x + 36, y, 12, 400, SVG_START, INK_2, say(p, SAY_KEY_ROAD));
  if (command) {
    g_autofree char *line = g_strconcat(say(p, SAY_COMMAND), " ", command, NULL);
    svg_text(p->svg, MARGIN, y + 24, 11, 400, SVG_START, INK_3, line);
  }
}

char *map_svg(const JourneyMap *map, const char *command) {
  guint n = MAX(map->stages->len, 1), rows = map->touchpoints->len;
  Picture p = {.map = map, .language = language_of(map->language), .row_y = g_new0(double, rows + 1)};
  p.stage_width = (INNER - LABELS - VALUE - (n - 1) * GUTTER) / n;
  p.band_top = 176;
  p.band_bottom = p.band_top + BAND_HEIGHT;
  p.rows_top = p.band_bottom + 52;
  place_rows(&p);
  double width = INNER + 2 * MARGIN, height = MAX(p.rows_bottom + 84, width / sqrt(2));
  g_autofree char *title = finding(&p);
  p.svg = svg_new(width, height, title, map->language);
  svg_raw(p.svg, "<defs><linearGradient id=\"fade\"><stop offset=\"0\" stop-color=\"" BAND
                 "\"/><stop offset=\"1\" stop-color=\"" BAND "\" stop-opacity=\"0\"/></linearGradient></defs>\n");
  svg_rect(p.svg, 0, 0, width, height, 0, GROUND, NULL);
  draw_head(&p);
  draw_stage_names(&p);
  draw_band(&p);
  for (guint s = 0; s < map->stages->len; s++)
    svg_line(p.svg, stage_x(&p, s), p.rows_top, stage_x(&p, s), p.rows_bottom, LINE_2, 1);
  draw_strands(&p);
  draw_road(&p);
  draw_labels(&p);
  for (guint c = 0; c < map->cells->len; c++)
    draw_cell(&p, c);
  draw_credits(&p);
  draw_key(&p, p.rows_bottom + 34, command);
  g_free(p.row_y);
  return svg_finish(p.svg);
}
