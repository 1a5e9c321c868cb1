/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange/svg.h"
#include <string.h>

static char *drawn(const char *text) {
  Svg *svg = svg_new(10, 10, "t", "en");
  svg_text(svg, 1, 2, 12, 400, SVG_START, "#000000", text);
  return svg_finish(svg);
}

static gboolean parses(const char *svg) {
  static const GMarkupParser none = {NULL, NULL, NULL, NULL, NULL};
  GMarkupParseContext *context = g_markup_parse_context_new(&none, 0, NULL, NULL);
  gboolean good = g_markup_parse_context_parse(context, svg, -1, NULL) && g_markup_parse_context_end_parse(context, NULL);
  g_markup_parse_context_free(context);
  return good;
}

static void test_escaping(void) {
  static const char *const cases[][2] = {
      {"<script>&\"'", "&lt;script&gt;&amp;&quot;'"}, {"a\x01\x02\x7f\x1f-b", "a-b"}, {"]]>", "]]&gt;"},
      {"\xef\xbf\xbe\xef\xbf\xbf!", ">!</text>"},     {"\xff\xfeok", "ok</text>"},    {"Größe 日本", "Größe 日本"}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *svg = drawn(cases[i][0]);
    g_assert_nonnull(strstr(svg, cases[i][1]));
    g_assert_true(g_utf8_validate(svg, -1, NULL));
    g_assert_true(parses(svg));
  }
}

static void test_fitting(void) {
  g_autofree char *whole = svg_text_fitting("Kasse", 12, 400, 100);
  g_assert_cmpstr(whole, ==, "Kasse");
  g_autofree char *cut = svg_text_fitting("Größenberater im Laden", 12, 400, 80);
  g_assert_true(g_str_has_suffix(cut, "…") && g_str_has_prefix(cut, "Größ"));
  g_assert_cmpfloat(svg_text_width(cut, 12, 400), <=, 80);
  g_autofree char *nothing = svg_text_fitting("Kasse", 12, 400, 1);
  g_assert_cmpstr(nothing, ==, "…");
  g_assert_cmpfloat(svg_text_width("ö", 12, 400), ==, svg_text_width("o", 12, 400));
  g_assert_cmpfloat(svg_text_width("Kasse", 12, 600), >, svg_text_width("Kasse", 12, 400));
}

static void test_data(void) {
  const double numbers[] = {1.5, -0.001, 1e6 / 3};
  g_autofree char *data = svg_data("M% %H%Z", numbers);
  g_assert_cmpstr(data, ==, "M1.5 0H333333.33Z");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/exchange/svg/texts of strangers stay texts", test_escaping);
  g_test_add_func("/exchange/svg/what does not fit is cut with an ellipsis", test_fitting);
  g_test_add_func("/exchange/svg/path data is short and has points", test_data);
  return g_test_run();
}
