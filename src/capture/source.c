// SPDX-License-Identifier: Apache-2.0
#include "capture/source.h"

CaptureSource *capture_source_new(const char *name, const char *group, SourceKind kind, KeyRole role) {
  CaptureSource *source = g_new0(CaptureSource, 1);
  atomic_init(&source->references, 1);
  source->name = g_strdup(name);
  source->group = g_strdup(group ? group : name);
  source->kind = kind;
  source->role = role;
  source->trusted = source->basis = role == KEY_WRITE || role == KEY_ADMIN;
  return source;
}

CaptureSource *capture_source_ref(CaptureSource *source) {
  atomic_fetch_add(&source->references, 1);
  return source;
}

void capture_source_unref(CaptureSource *source) {
  if (source == NULL || atomic_fetch_sub(&source->references, 1) != 1)
    return;
  g_free(source->name);
  g_free(source->group);
  g_free(source);
}

static const char *const roles[] = {[KEY_SOURCE] = "source", [KEY_WRITE] = "write", [KEY_READ] = "read", [KEY_ADMIN] = "admin"};
static const char *const kinds[] = {[SOURCE_FILE] = "file", [SOURCE_WEB] = "web", [SOURCE_APP] = "app", [SOURCE_SERVER] = "server"};

static int place_of(const char *const *names, guint n, const char *text) {
  for (guint i = 0; i < n; i++)
    if (g_strcmp0(names[i], text) == 0)
      return (int)i;
  return -1;
}

gboolean key_role_parse(const char *text, KeyRole *role) {
  int place = place_of(roles, G_N_ELEMENTS(roles), text);
  if (place >= 0)
    *role = (KeyRole)place;
  return place >= 0;
}

const char *key_role_text(KeyRole role) {
  return roles[role];
}

gboolean source_kind_parse(const char *text, SourceKind *kind) {
  int place = place_of(kinds, G_N_ELEMENTS(kinds), text);
  if (place >= 0)
    *kind = (SourceKind)place;
  return place >= 0;
}

const char *source_kind_text(SourceKind kind) {
  return kinds[kind];
}
