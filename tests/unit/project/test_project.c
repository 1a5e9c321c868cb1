// SPDX-License-Identifier: Apache-2.0
#include "project/project.h"
#include "base/clock.h"
#include "base/error.h"
#include <string.h>

static void refuses(const char *text, const char *message) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Project) project = project_parse(text, strlen(text), &error);
  g_assert_null(project);
  if (!strstr(error->message, message))
    g_error("\"%s\" does not say \"%s\"", error->message, message);
}

static void every_preset_stands_on_its_own(void) {
  for (const char *const *name = project_presets(); *name; name++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("preset: %s\n", *name);
    g_autoptr(Project) project = project_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(project->goals->len, >=, 1);
    g_assert_cmpuint(project->stages->len, ==, 5);
  }
}

static void a_file_replaces_what_it_names_and_keeps_the_rest(void) {
  const char *text = "preset: shop\n"
                     "stage_model: aida\n"
                     "currency: CHF\n"
                     "goals:\n"
                     "  - {name: lead, when: event = Lead, count: per_person, lookback: 10d}\n"
                     "rates:\n"
                     "  - {currency: EUR, from: 2025-02-01, rate: 0.95}\n"
                     "  - {currency: EUR, rate: 0.93}\n";
  g_autoptr(GError) error = NULL;
  g_autoptr(Project) project = project_parse(text, strlen(text), &error);
  g_assert_no_error(error);
  g_assert_cmpuint(project->goals->len, ==, 1);
  const Goal *goal = project_goal(project, "lead");
  g_assert_cmpint(goal->lookback_ms, ==, 10 * MS_DAY);
  g_assert_cmpint(goal->inactivity_ms, ==, 30 * MS_DAY);
  g_assert_cmpint(goal->count, ==, COUNT_PER_PERSON);
  g_assert_cmpint(project_stage(project, "action"), ==, 3);
  g_assert_cmpstr(project->restart_stage, ==, "interest");
  g_assert_cmpuint(project->touchpoints->len, >, 5);
  const Rate *first = project->rates->pdata[0];
  g_assert_cmpint(first->rate_micro, ==, 930000);
}

static void the_same_file_has_the_same_hash(void) {
  g_autoptr(Project) a = project_default(), b = project_default();
  g_autoptr(Project) c = project_parse("currency: CHF\n", 14, NULL);
  g_assert_cmpuint(a->hash, ==, b->hash);
  g_assert_cmpuint(a->hash, !=, c->hash);
}

static void slips_are_named_by_line_and_key(void) {
  refuses("goals:\n  - name: x\n    wen: event = a\n", "line 3, goals[1]: there is no key \"wen\"");
  refuses("goals:\n  - name: x\n", "when is missing");
  refuses("goals:\n  - {name: x, when: 'event ='}\n", "line 2, goals[1]: when: ");
  refuses("goals:\n  - {name: x, when: a, count: often}\n", "each|per_visit|per_journey|per_person");
  refuses("inactivty: 30d\n", "there is no key \"inactivty\"");
  refuses("preset: shoe\n", "there is no preset \"shoe\"");
  refuses("restart_stage: nowhere\n", "does not exist");
  refuses("version: 2\n", "of version 2");
  refuses("a: [1\n", "not YAML");
  refuses("a: &x 1\nb: *x\n", "references");
  refuses("goals: 5\n", "expected a list");
  refuses("name: a\nname: b\n", "twice");
  refuses("goals:\n  - {name: x, when: a}\n  - {name: x, when: b}\n", "used before");
  refuses("goals:\n  - {name: x, when: a, adjustments: [{when: b}]}\n", "order id");
}

static void circles_are_refused(void) {
  refuses("personas:\n  - {name: a, when: relationship = b}\nrelationships:\n  - {name: b, when: persona = a}\n", "circle");
  refuses("personas:\n  - {name: a, when: persona = b}\n", "circle");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/project/every preset stands on its own", every_preset_stands_on_its_own);
  g_test_add_func("/project/a file replaces what it names and keeps the rest", a_file_replaces_what_it_names_and_keeps_the_rest);
  g_test_add_func("/project/the same file has the same hash", the_same_file_has_the_same_hash);
  g_test_add_func("/project/slips are named by line and key", slips_are_named_by_line_and_key);
  g_test_add_func("/project/circles are refused", circles_are_refused);
  return g_test_run();
}
