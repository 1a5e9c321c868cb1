// SPDX-License-Identifier: Apache-2.0
#include "etappe/etappe.h"
#include "analysis/workspace.h"
#include "base/error.h"
#include <string.h>

struct EtappeProject {
  Workspace *workspace;
};

static void tell(char **error, const GError *inner) {
  if (error)
    *error = g_strdup(inner->message);
}

EtappeProject *etappe_open(const char *path, char **error) {
  g_autoptr(GError) inner = NULL;
  IndexOptions options = {.threads = 0};
  Workspace *workspace = workspace_open(path, &options, &inner);
  if (!workspace) {
    tell(error, inner);
    return NULL;
  }
  EtappeProject *project = g_new0(EtappeProject, 1);
  project->workspace = workspace;
  return project;
}

void etappe_close(EtappeProject *project) {
  if (!project)
    return;
  workspace_free(project->workspace);
  g_free(project);
}

static Params *read_options(const char *const *options, GError **error) {
  g_autoptr(Params) params = params_new();
  for (; options && *options; options++) {
    const char *equals = strchr(*options, '=');
    if (!equals || equals == *options) {
      error_set(error, ERROR_USAGE, "\"%s\" is no option\nhint: options are written name=value, as in window=7d", *options);
      return NULL;
    }
    g_autofree char *name = g_strndup(*options, (gsize)(equals - *options));
    params_add(params, name, equals + 1);
  }
  return g_steal_pointer(&params);
}

static char *ask(EtappeProject *project, const char *name, const char *const *options, GError **error) {
  const Report *report = catalogue_find(name);
  g_autoptr(Params) params = report ? read_options(options, error) : NULL;
  if (!report)
    error_set(error, ERROR_USAGE, "there is no report \"%s\"\nhint: `etappe help` lists them", name);
  if (!params || !workspace_refresh(project->workspace, error))
    return NULL;
  return workspace_answer(project->workspace, report, params, "json", NULL, error);
}

char *etappe_ask(EtappeProject *project, const char *report, const char *const *options, char **error) {
  g_autoptr(GError) inner = NULL;
  char *answer = ask(project, report, options, &inner);
  if (!answer)
    tell(error, inner);
  return answer;
}

void etappe_free(char *text) {
  g_free(text);
}

const char *etappe_version(void) {
  return ETAPPE_VERSION;
}
