// SPDX-License-Identifier: Apache-2.0
#include "simulate/sample.h"
#include "project/project.h"
#include "simulate/row.h"
#include <string.h>

static Project *sample_project(void) {
  GError *error = NULL;
  Project *project = project_parse(sample_files[0].text, sample_files[0].size, &error);
  g_assert_no_error(error);
  return project;
}

static void the_sample_project_is_a_project(void) {
  g_autoptr(Project) project = sample_project();
  g_assert_cmpstr(project->name, ==, "Lindenhof");
  g_assert_cmpuint(project->goals->len, >=, 1);
  g_assert_cmpuint(project->stages->len, ==, 5);
  g_assert_null(sample_files[1].name);
}

static void its_personas_are_those_of_the_simulator(void) {
  g_autoptr(Project) project = sample_project();
  g_assert_cmpuint(project->personas->len, ==, PERSONAS);
  for (guint i = 0; i < PERSONAS; i++) {
    gboolean found = FALSE;
    for (guint k = 0; k < project->personas->len; k++)
      found = found || text_is(PERSONA[i].name, ((Rule *)project->personas->pdata[k])->name);
    g_assert_true(found);
  }
}

static gboolean is_event(Text name) {
  for (guint i = 0; i < ROW_KINDS; i++)
    if (text_equal(ROW_KIND[i].name, name))
      return TRUE;
  return FALSE;
}

// Every name in double quotes that looks like an event's is one that the simulator writes.
static void it_speaks_of_events_that_exist(void) {
  guint names = 0;
  const char *text = sample_files[0].text;
  for (const char *at = strchr(text, '"'); at; at = strchr(at, '"')) {
    const char *end = strchr(++at, '"');
    g_assert_nonnull(end);
    Text name = {at, (guint32)(end - at)};
    at = end + 1;
    if (!g_ascii_isupper(name.at[0]))
      continue;
    if (!is_event(name))
      g_test_message("%.*s", (int)name.size, name.at);
    g_assert_true(is_event(name));
    names++;
  }
  g_assert_cmpuint(names, >, 30);
}

static void it_names_every_channel(void) {
  g_autoptr(Project) project = sample_project();
  g_assert_cmpuint(project->channels->len, ==, CHANNELS - 1);
  for (guint i = 1; i < CHANNELS; i++)
    g_assert_true(text_is(CHANNEL[i].key, ((Rule *)project->channels->pdata[i - 1])->name));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sample/the sample project is a project", the_sample_project_is_a_project);
  g_test_add_func("/sample/its personas are those of the simulator", its_personas_are_those_of_the_simulator);
  g_test_add_func("/sample/it speaks of events that exist", it_speaks_of_events_that_exist);
  g_test_add_func("/sample/it names every channel", it_names_every_channel);
  return g_test_run();
}
