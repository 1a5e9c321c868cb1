/* SPDX-License-Identifier: Apache-2.0 */
#include "record/names.h"

#include <pthread.h>
#include <stdatomic.h>

static void test_codes(void) {
  g_autoptr(Names) names = names_new();
  g_assert_cmpuint(names_find(names, NAME_EVENT, text_of("Product Viewed")), ==, NAME_NONE);
  g_assert_cmpuint(names_intern(names, NAME_EVENT, text_of("Product Viewed")), ==, 1);
  g_assert_cmpuint(names_intern(names, NAME_EVENT, text_of("Order Completed")), ==, 2);
  g_assert_cmpuint(names_intern(names, NAME_EVENT, text_of("Product Viewed")), ==, 1);
  g_assert_cmpuint(names_intern(names, NAME_CHANNEL, text_of("email")), ==, 1);
  g_assert_cmpuint(names_find(names, NAME_EVENT, text_of("email")), ==, NAME_NONE);
  g_assert_cmpuint(names_count(names, NAME_EVENT), ==, 2);
  g_assert_true(text_is(names_text(names, NAME_EVENT, 2), "Order Completed"));
  g_assert_true(text_is(names_text(names, NAME_EVENT, 3), ""));
}

static void test_empty(void) {
  g_autoptr(Names) names = names_new();
  g_assert_cmpuint(names_intern(names, NAME_KEY, text_of("")), ==, NAME_NONE);
  g_assert_cmpuint(names_count(names, NAME_KEY), ==, 0);
  g_assert_true(text_is(names_text(names, NAME_KEY, NAME_NONE), ""));
}

static void test_zero_bytes(void) {
  g_autoptr(Names) names = names_new();
  guint16 code = names_intern(names, NAME_KEY, (Text){"a\0b", 3});
  g_assert_cmpuint(names_intern(names, NAME_KEY, (Text){"a\0c", 3}), !=, code);
  g_assert_cmpuint(names_intern(names, NAME_KEY, (Text){"a\0b", 3}), ==, code);
}

static guint16 intern_number(Names *names, guint number) {
  char text[16];
  g_snprintf(text, sizeof text, "k%u", number);
  return names_intern(names, NAME_KEY, text_of(text));
}

static void test_full(void) {
  g_autoptr(Names) names = names_new();
  for (guint i = 1; i <= NAMES_MAX; i++)
    g_assert_cmpuint(intern_number(names, i), ==, i);
  g_assert_cmpuint(intern_number(names, NAMES_MAX + 1), ==, NAME_OTHER);
  g_assert_cmpuint(intern_number(names, NAMES_MAX + 2), ==, NAME_OTHER);
  g_assert_cmpuint(intern_number(names, 77), ==, 77);
  g_assert_cmpuint(names_overflowed(names, NAME_KEY), ==, 2);
  g_assert_cmpuint(names_count(names, NAME_KEY), ==, NAMES_MAX);
  g_assert_true(text_is(names_text(names, NAME_KEY, NAME_OTHER), "(other)"));
  g_assert_true(text_is(names_text(names, NAME_KEY, NAMES_MAX), "k65534"));
}

static void test_copy(void) {
  Names *names = names_new();
  names_intern(names, NAME_EVENT, text_of("a"));
  g_autoptr(Names) copy = names_copy(names);
  names_intern(names, NAME_EVENT, text_of("b"));
  for (guint i = 0; i < 1000; i++)
    intern_number(names, i);
  g_assert_cmpuint(names_find(copy, NAME_EVENT, text_of("a")), ==, 1);
  g_assert_cmpuint(names_find(copy, NAME_EVENT, text_of("b")), ==, NAME_NONE);
  g_assert_true(text_is(names_text(copy, NAME_EVENT, 2), ""));
  g_assert_cmpuint(names_count(copy, NAME_KEY), ==, 0);
  names_free(names);
  g_assert_true(text_is(names_text(copy, NAME_EVENT, 1), "a"));
}

typedef struct {
  Names *copy;
  atomic_bool stop;
  guint wrong;
} Reader;

static void *read_copy(void *data) {
  Reader *reader = data;
  while (!atomic_load(&reader->stop))
    for (guint i = 0; i < 200; i++) {
      char text[16];
      g_snprintf(text, sizeof text, "k%u", i);
      guint16 code = names_find(reader->copy, NAME_KEY, text_of(text));
      reader->wrong += code != (i < 100 ? i + 1 : NAME_NONE);
      reader->wrong += i < 100 && !text_is(names_text(reader->copy, NAME_KEY, code), text);
    }
  return NULL;
}

static void test_reading_while_interning(void) {
  g_autoptr(Names) names = names_new();
  for (guint i = 0; i < 100; i++)
    intern_number(names, i);
  Reader reader = {.copy = names_copy(names)};
  pthread_t thread;
  g_assert_cmpint(pthread_create(&thread, NULL, read_copy, &reader), ==, 0);
  for (guint i = 100; i < 50000; i++)
    intern_number(names, i);
  atomic_store(&reader.stop, TRUE);
  pthread_join(thread, NULL);
  g_assert_cmpuint(reader.wrong, ==, 0);
  names_free(reader.copy);
}

static void *intern_all(void *data) {
  for (guint i = 0; i < 20000; i++)
    intern_number(data, i);
  return NULL;
}

static void test_two_threads_intern(void) {
  g_autoptr(Names) names = names_new();
  pthread_t thread;
  g_assert_cmpint(pthread_create(&thread, NULL, intern_all, names), ==, 0);
  intern_all(names);
  pthread_join(thread, NULL);
  g_assert_cmpuint(names_count(names, NAME_KEY), ==, 20000);
  for (guint code = 1; code <= 20000; code++)
    g_assert_cmpuint(names_find(names, NAME_KEY, names_text(names, NAME_KEY, (guint16)code)), ==, code);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/names/a name gets a code once and keeps it, each kind for itself", test_codes);
  g_test_add_func("/names/the empty text is no name", test_empty);
  g_test_add_func("/names/zero bytes belong to a name", test_zero_bytes);
  g_test_add_func("/names/a full dictionary answers other and counts", test_full);
  g_test_add_func("/names/a copy is frozen and outlives the original", test_copy);
  g_test_add_func("/names/a copy is read while the original grows", test_reading_while_interning);
  g_test_add_func("/names/two threads that intern the same names agree", test_two_threads_intern);
  return g_test_run();
}
