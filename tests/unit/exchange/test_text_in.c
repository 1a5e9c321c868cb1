// SPDX-License-Identifier: Apache-2.0
#include "exchange/text_in.h"

#include "base/error.h"
#include "exchange/utf8.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static char *path_of(const char *name) {
  return g_build_filename(g_get_tmp_dir(), name, NULL);
}

static char *written(const char *data, gsize size) {
  g_autofree char *name = g_strdup_printf("etappe-text-%d", (int)getpid());
  char *path = path_of(name);
  g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
  return path;
}

typedef struct {
  char *text, *encoding;
  gboolean faulty;
} Got;

static Got read_all(const char *data, gsize size, const char *encoding) {
  g_autofree char *path = written(data, size);
  g_autoptr(GError) error = NULL;
  g_autoptr(TextIn) in = text_in_open(path, "x", encoding, &error);
  g_assert_no_error(error);
  g_autoptr(GString) text = g_string_new(NULL);
  for (;;) {
    char buffer[100];
    gsize n;
    g_assert_true(text_in_read(in, buffer, sizeof buffer, &n, &error));
    if (n == 0)
      break;
    g_string_append_len(text, buffer, (gssize)n);
  }
  g_remove(path);
  return (Got){g_string_free(g_steal_pointer(&text), FALSE), g_strdup(text_in_encoding(in)), text_in_faulty(in)};
}

static void assert_read(const char *data, gsize size, const char *as, const char *text, const char *encoding, gboolean faulty) {
  Got got = read_all(data, size, as);
  g_assert_cmpstr(got.text, ==, text);
  g_assert_cmpstr(got.encoding, ==, encoding);
  g_assert_cmpint(got.faulty, ==, faulty);
  g_free(got.text);
  g_free(got.encoding);
}
#define LITERAL(text) text, sizeof(text) - 1

static void marks_are_taken_off(void) {
  assert_read(LITERAL("\xef\xbb\xbf"
                      "a\xc3\xa4"),
              NULL, "aä", "UTF-8", FALSE);
  assert_read(LITERAL("\xff\xfe"
                      "a\0\xe4\0\xac\x20"),
              NULL, "aä€", "UTF-16LE", FALSE);
  assert_read(LITERAL("\xfe\xff"
                      "\0a\0\xe4\x20\xac"),
              NULL, "aä€", "UTF-16BE", FALSE);
}

static void utf16_without_a_mark_is_seen(void) {
  assert_read(LITERAL("u\0s\0e\0r\0,\0t\0\n\0"), NULL, "user,t\n", "UTF-16LE", FALSE);
}

static void windows_1252_is_seen(void) {
  assert_read(LITERAL("K\xf6ln \x80 \x96 \xdf"), NULL, "Köln € – ß", "Windows-1252", FALSE);
}

/* \xdf\x94 is a valid sequence of UTF-8. */
static void an_accident_does_not_make_windows_1252_mixed(void) {
  assert_read(LITERAL("\x84Spa\xdf\x94 \xf6 \xfc \xe4 \xf6"), NULL, "„Spaß” ö ü ä ö", "Windows-1252", FALSE);
}

static void windows_1252_is_seen_far_into_the_file(void) {
  g_autoptr(GString) data = g_string_new(NULL), expected = g_string_new(NULL);
  for (int i = 0; i < 100000; i++)
    g_string_append(data, "plain line\n");
  g_string_append(expected, data->str);
  g_string_append(data, "K\xf6ln\n");
  g_string_append(expected, "Köln\n");
  assert_read(data->str, data->len, NULL, expected->str, "Windows-1252", FALSE);
}

static void mixed_text_stays_utf8_and_is_called_faulty(void) {
  assert_read(LITERAL("K\xc3\xb6ln\nK\xf6ln\n"), NULL, "Köln\nK\xf6ln\n", "UTF-8", TRUE);
  assert_read(LITERAL("K\xf6ln\nK\xc3\xb6ln\n"), NULL, "K\xf6ln\nKöln\n", "UTF-8", TRUE);
}

static void a_named_encoding_holds(void) {
  assert_read(LITERAL("\xa4"), "iso-8859-15", "€", "iso-8859-15", FALSE);
  assert_read(LITERAL("\x94"), "CP850", "ö", "CP850", FALSE);
  assert_read(LITERAL("K\xf6ln"), "utf-8", "K\xf6ln", "UTF-8", TRUE);
  assert_read(LITERAL("\xc3\xb6"), "latin1", "Ã¶", "Windows-1252", FALSE);
}

static void long_text_survives_every_encoding(void) {
  g_autoptr(GString) text = g_string_new(NULL);
  for (int i = 0; i < 60000; i++)
    g_string_append_printf(text, "%d äöü€\n", i);
  static const char *const encodings[] = {"UTF-8", "UTF-16", "WINDOWS-1252", "UTF-32"};
  for (guint i = 0; i < G_N_ELEMENTS(encodings); i++) {
    gsize size;
    g_autofree char *data = g_convert(text->str, (gssize)text->len, encodings[i], "UTF-8", NULL, &size, NULL);
    Got got = read_all(data, size, NULL);
    g_assert_cmpstr(got.text, ==, text->str);
    g_free(got.text);
    g_free(got.encoding);
  }
}

static void unknown_names_and_wrong_bytes_are_refused(void) {
  g_autofree char *path = written(LITERAL("abc\xff"));
  g_autoptr(GError) error = NULL;
  g_assert_null(text_in_open(path, "x", "klingon", &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_USAGE);
  g_clear_error(&error);
  g_autoptr(TextIn) in = text_in_open(path, "x", "ASCII", &error);
  char buffer[100];
  gsize n = 0;
  g_assert_true(text_in_read(in, buffer, sizeof buffer, &n, &error));
  g_assert_cmpuint(n, ==, 3);
  g_assert_false(text_in_read(in, buffer, sizeof buffer, &n, &error));
  g_assert_error(error, ETAPPE_ERROR, ERROR_INVALID);
  g_remove(path);
}

/* RFC 3629: lengths, overlong forms, surrogates, the top of the range. */
static void utf8_is_counted(void) {
  g_assert_true(utf8_is_valid(LITERAL("abc \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 and a long tail of plain letters")));
  g_assert_true(utf8_is_valid(LITERAL("\xf4\x8f\xbf\xbf")));
  g_assert_false(utf8_is_valid(LITERAL("\xf4\x90\x80\x80")));
  g_assert_false(utf8_is_valid(LITERAL("\xc0\xaf")));
  g_assert_false(utf8_is_valid(LITERAL("\xe0\x80\xaf")));
  g_assert_false(utf8_is_valid(LITERAL("\xed\xa0\x80")));
  g_assert_false(utf8_is_valid(LITERAL("\xe2\x82")));
  g_assert_false(utf8_is_valid(LITERAL("\x80")));
  Utf8Count count = {0};
  utf8_count(&count, LITERAL("\xc3\xa4\xff\xe2\x82"));
  g_assert_cmpuint(count.multibyte, ==, 1);
  g_assert_cmpuint(count.faulty, ==, 1);
  g_assert_cmpuint(count.unfinished, ==, 2);
}

static void utf8_agrees_with_glib(void) {
  for (int round = 0; round < 20000; round++) {
    char text[40];
    gsize size = (gsize)g_test_rand_int_range(1, sizeof text);
    for (gsize i = 0; i < size; i++)
      text[i] = g_test_rand_bit() ? (char)g_test_rand_int_range(1, 0x7f) : (char)g_test_rand_int_range(0x80, 0x100);
    g_assert_cmpint(utf8_is_valid(text, size), ==, g_utf8_validate_len(text, size, NULL));
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/text_in/marks are taken off", marks_are_taken_off);
  g_test_add_func("/text_in/UTF-16 without a mark is seen", utf16_without_a_mark_is_seen);
  g_test_add_func("/text_in/Windows-1252 is seen", windows_1252_is_seen);
  g_test_add_func("/text_in/an accident does not make Windows-1252 mixed", an_accident_does_not_make_windows_1252_mixed);
  g_test_add_func("/text_in/Windows-1252 is seen far into the file", windows_1252_is_seen_far_into_the_file);
  g_test_add_func("/text_in/mixed text stays UTF-8 and is called faulty", mixed_text_stays_utf8_and_is_called_faulty);
  g_test_add_func("/text_in/a named encoding holds", a_named_encoding_holds);
  g_test_add_func("/text_in/long text survives every encoding", long_text_survives_every_encoding);
  g_test_add_func("/text_in/unknown names and wrong bytes are refused", unknown_names_and_wrong_bytes_are_refused);
  g_test_add_func("/utf8/sequences are counted", utf8_is_counted);
  g_test_add_func("/utf8/agrees with GLib", utf8_agrees_with_glib);
  return g_test_run();
}
