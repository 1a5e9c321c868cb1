// SPDX-License-Identifier: Apache-2.0
#include "analysis/completion.h"
#include "../sample.h"

static const char *const STORY[] = {
    "{\"person\":\"anna\",\"time\":\"2026-01-01T00:00:00Z\",\"event\":\"Product Viewed\",\"channel\":\"email\"}",
    "{\"person\":\"anna\",\"time\":\"2026-01-02T00:00:00Z\",\"event\":\"Product Viewed\",\"channel\":\"email\"}",
    "{\"person\":\"ben\",\"time\":\"2026-01-03T00:00:00Z\",\"event\":\"Order Completed\",\"channel\":\"direct\"}",
};

typedef struct {
  Sample *sample;
  Snapshot *snapshot;
  Zone *zone;
  Project *project;
  ValueCounts *counts;
  Question question;
} Scene;

static void scene_init(Scene *scene) {
  *scene = (Scene){.sample = sample_new(), .zone = zone_new("UTC", NULL), .project = project_default()};
  for (guint i = 0; i < G_N_ELEMENTS(STORY); i++)
    sample_json(scene->sample, STORY[i]);
  scene->snapshot = sample_snapshot(scene->sample);
  scene->counts = value_counts_new();
  scene->question = (Question){.snapshot = scene->snapshot,
                               .now_ms = G_MAXINT64 - 1,
                               .from_ms = G_MININT64,
                               .to_ms = G_MAXINT64,
                               .zone = scene->zone,
                               .project = scene->project,
                               .threads = 2};
}

static void scene_clear(Scene *scene) {
  value_counts_free(scene->counts);
  snapshot_unref(scene->snapshot);
  sample_free(scene->sample);
  project_free(scene->project);
  zone_free(scene->zone);
}

static char *complete(Scene *scene, const char *text, guint at, gboolean persons) {
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonOut) out = json_out_new();
  CompletionAsked asked = {text, at, persons, TRUE};
  json_object(out);
  g_assert_true(completion_write(scene->counts, &scene->question, &asked, out, &error));
  g_assert_no_error(error);
  json_object_end(out);
  return g_strdup(json_out_text(out, NULL));
}

static void check(Scene *scene, const char *text, gboolean persons, const char *expected) {
  g_autofree char *told = complete(scene, text, (guint)strlen(text), persons);
  g_assert_cmpstr(told, ==, expected);
}

static void test_values(void) {
  Scene scene;
  scene_init(&scene);
  check(&scene, "event = \"Pro", FALSE,
        "{\"from\":8,\"to\":12,\"choices\":[{\"text\":\"Product Viewed\",\"insert\":\"\\\"Product Viewed\\\" \",\"count\":2}],"
        "\"error\":{\"code\":\"invalid\",\"message\":\"expected a closing quote for the text that begins here, found end\","
        "\"where\":\"column 9\"}}");
  check(&scene, "channel in (dir", FALSE,
        "{\"from\":12,\"to\":15,\"choices\":[{\"text\":\"direct\",\"insert\":\"direct\",\"count\":1}],"
        "\"error\":{\"code\":\"invalid\",\"message\":\"expected \\\",\\\" or \\\")\\\" after \\\"dir\\\", found "
        "end\",\"where\":\"column 16\"}}");
  scene_clear(&scene);
}

static void test_matches(void) {
  Scene scene;
  scene_init(&scene);
  check(&scene, "event = \"Product Viewed\"", FALSE,
        "{\"from\":24,\"to\":24,\"choices\":[{\"text\":\"and\",\"insert\":\"and \"},"
        "{\"text\":\"or\",\"insert\":\"or \"}],\"matches\":2,\"unit\":\"events\"}");
  check(&scene, "count(channel = email) >= 2", TRUE, "{\"from\":26,\"to\":27,\"choices\":[],\"matches\":1,\"unit\":\"persons\"}");
  scene_clear(&scene);
}

static void test_words(void) {
  Scene scene;
  scene_init(&scene);
  g_autofree char *middle = complete(&scene, "chan = email", 4, FALSE);
  g_assert_true(g_str_has_prefix(middle, "{\"from\":0,\"to\":4,\"choices\":[{\"text\":\"channel\",\"insert\":\"channel\"}]"));
  g_autofree char *inside = complete(&scene, "count(chan", 10, TRUE);
  g_assert_true(g_str_has_prefix(inside, "{\"from\":6,\"to\":10,\"choices\":[{\"text\":\"channel\",\"insert\":\"channel \"}]"));
  scene_clear(&scene);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/completion/values are those that are there, quoted where needed", test_values);
  g_test_add_func("/completion/a whole condition says what it keeps", test_matches);
  g_test_add_func("/completion/fields are known wherever the cursor stands", test_words);
  return g_test_run();
}
