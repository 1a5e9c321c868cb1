// SPDX-License-Identifier: Apache-2.0
#include "project/hook.h"

#include "base/error.h"
#include "wire/mapping.h"

static void field_free(gpointer p) {
  HookField *field = p;
  g_free(field->field);
  g_free(field->path);
  g_free(field);
}

static void only_free(gpointer p) {
  HookOnly *only = p;
  g_free(only->path);
  g_clear_pointer(&only->values, g_ptr_array_unref);
  g_free(only);
}

void hook_free(Hook *hook) {
  if (hook == NULL)
    return;
  char *texts[] = {hook->name, hook->source, hook->secret_env, hook->secret_file, hook->header, hook->prefix, hook->events};
  GPtrArray *lists[] = {hook->fields, hook->set, hook->names, hook->only};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
    g_ptr_array_unref(lists[i]);
  zone_free(hook->zone);
  g_free(hook);
}

/* --- reading --------------------------------------------------------------------------------------------- */

static gboolean take_text(TreeNode *map, const char *key, const char *path, char **out, GError **error) {
  TreeNode *node = tree_take(map, key);
  if (node == NULL)
    return TRUE;
  if (node->kind != TREE_SCALAR)
    return tree_error(error, node, path, "%s: expected a single value", key);
  g_free(*out);
  *out = g_strdup(node->text);
  return TRUE;
}

/* One of `choices`, as its index. */
static gboolean take_choice(TreeNode *map, const char *key, const char *path, const char *const *choices, guint *out,
                            GError **error) {
  g_autofree char *text = NULL;
  if (!take_text(map, key, path, &text, error))
    return FALSE;
  if (text == NULL)
    return TRUE;
  for (guint i = 0; choices[i]; i++)
    if (strcmp(choices[i], text) == 0) {
      *out = i;
      return TRUE;
    }
  g_autofree char *known = g_strjoinv(", ", (char **)choices);
  return tree_error(error, map, path, "%s must be one of %s, not \"%s\"", key, known, text);
}

static gboolean take_map(TreeNode *map, const char *key, const char *path, GPtrArray *out, GError **error) {
  TreeNode *node = tree_take(map, key);
  if (node == NULL)
    return TRUE;
  if (node->kind != TREE_MAP)
    return tree_error(error, node, path, "%s: expected keys with values", key);
  for (guint i = 0; i < node->keys->len; i++) {
    const TreeNode *name = node->keys->pdata[i], *value = node->children->pdata[i];
    if (value->kind != TREE_SCALAR)
      return tree_error(error, value, path, "%s.%s: expected a single value", key, name->text);
    HookField *field = g_new0(HookField, 1);
    field->field = g_strdup(name->text);
    field->path = g_strdup(value->text);
    g_ptr_array_add(out, field);
  }
  return TRUE;
}

static gboolean take_only(TreeNode *map, const char *path, GPtrArray *out, GError **error) {
  TreeNode *node = tree_take(map, "only");
  if (node == NULL)
    return TRUE;
  if (node->kind != TREE_MAP)
    return tree_error(error, node, path, "only: expected keys with values");
  for (guint i = 0; i < node->keys->len; i++) {
    const TreeNode *name = node->keys->pdata[i], *value = node->children->pdata[i];
    HookOnly *only = g_new0(HookOnly, 1);
    g_ptr_array_add(out, only);
    only->path = g_strdup(name->text);
    only->values = g_ptr_array_new_with_free_func(g_free);
    if (value->kind == TREE_MAP)
      return tree_error(error, value, path, "only.%s: expected a value or a list of them", name->text);
    if (value->kind == TREE_SCALAR)
      g_ptr_array_add(only->values, g_strdup(value->text));
    for (guint k = 0; value->kind == TREE_LIST && k < value->children->len; k++)
      g_ptr_array_add(only->values, g_strdup(((const TreeNode *)value->children->pdata[k])->text));
  }
  return TRUE;
}

static gboolean is_property(const char *field) {
  return g_str_has_prefix(field, "properties.") && field[strlen("properties.")];
}

/* Fields are those of a file's mapping, so that a webhook and an import say the same in the same words. */
static gboolean check_fields(const GPtrArray *fields, const Spaces *spaces, TreeNode *map, const char *path, const char *key,
                             GError **error) {
  g_autoptr(Mapping) mapping = mapping_new(spaces);
  for (guint i = 0; i < fields->len; i++) {
    const HookField *field = fields->pdata[i];
    g_autoptr(GError) unknown = NULL;
    if (is_property(field->field) || strcmp(field->field, "agent") == 0 ||
        mapping_map(mapping, field->field, field->field, &unknown))
      continue;
    char *hint = strstr(unknown->message, "; a column");
    if (hint)
      *hint = '\0';
    return tree_error(error, map, path, "%s: %s; anything else is properties.NAME", key, unknown->message);
  }
  return TRUE;
}

static gboolean names_event(const Hook *hook) {
  const GPtrArray *lists[] = {hook->fields, hook->set};
  for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
    for (guint k = 0; k < lists[i]->len; k++)
      if (strcmp(((const HookField *)lists[i]->pdata[k])->field, "event") == 0)
        return TRUE;
  return FALSE;
}

static gboolean is_plain_name(const char *name) {
  return *name && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(name);
}

static gboolean is_whole(TreeNode *map, const char *path, const Hook *hook, const Spaces *spaces, GError **error) {
  if (hook->name == NULL || !is_plain_name(hook->name))
    return tree_error(error, map, path, "a name is needed, of letters, digits, - and _: it stands in the address /v1/hooks/NAME");
  if (hook->proof != HOOK_OPEN && !hook->secret_env == !hook->secret_file)
    return tree_error(error, map, path,
                      "say where the secret is kept: secret_env: VARIABLE or secret_file: PATH\n"
                      "hint: `signature: none` lets anybody send");
  if (hook->proof == HOOK_HMAC_SHA256 && hook->header == NULL)
    return tree_error(error, map, path, "header is missing: which one holds the signature?");
  if (!names_event(hook))
    return tree_error(error, map, path, "event is missing among fields and set: what happened?");
  return check_fields(hook->fields, spaces, map, path, "fields", error) && check_fields(hook->set, spaces, map, path, "set", error);
}

static Hook *hook_new(void) {
  Hook *hook = g_new0(Hook, 1);
  hook->fields = g_ptr_array_new_with_free_func(field_free);
  hook->set = g_ptr_array_new_with_free_func(field_free);
  hook->names = g_ptr_array_new_with_free_func(field_free);
  hook->only = g_ptr_array_new_with_free_func(only_free);
  return hook;
}

static gboolean read_hook(TreeNode *map, const char *path, Hook *hook, const Spaces *spaces, GError **error) {
  static const char *const known[] = {"name",   "source",   "signature", "secret_env", "secret_file", "header",
                                      "prefix", "encoding", "timezone",  "events",     "fields",      "set",
                                      "names",  "only",     "other",     NULL};
  static const char *const proofs[] = {"hmac-sha256", "token", "none", NULL}, *const encodings[] = {"base64", "hex", NULL},
                           *const others[] = {"skip", "keep", NULL};
  g_autofree char *timezone = g_strdup("UTC");
  guint proof = HOOK_HMAC_SHA256, encoding = 0, other = 0;
  if (!take_text(map, "name", path, &hook->name, error) || !take_text(map, "source", path, &hook->source, error) ||
      !take_text(map, "secret_env", path, &hook->secret_env, error) ||
      !take_text(map, "secret_file", path, &hook->secret_file, error) || !take_text(map, "header", path, &hook->header, error) ||
      !take_text(map, "prefix", path, &hook->prefix, error) || !take_text(map, "events", path, &hook->events, error) ||
      !take_text(map, "timezone", path, &timezone, error) || !take_choice(map, "signature", path, proofs, &proof, error) ||
      !take_choice(map, "encoding", path, encodings, &encoding, error) || !take_choice(map, "other", path, others, &other, error) ||
      !take_map(map, "fields", path, hook->fields, error) || !take_map(map, "set", path, hook->set, error) ||
      !take_map(map, "names", path, hook->names, error) || !take_only(map, path, hook->only, error) ||
      !tree_map_done(map, path, known, error))
    return FALSE;
  hook->proof = (HookProof)proof;
  hook->hex = encoding == 1;
  hook->keep_others = other == 1 || hook->names->len == 0;
  if (hook->source == NULL)
    hook->source = g_strdup(hook->name);
  g_autoptr(GError) unknown = NULL;
  hook->zone = zone_new(timezone, &unknown);
  return hook->zone ? is_whole(map, path, hook, spaces, error) : tree_error(error, map, path, "timezone: %s", unknown->message);
}

Hook *hook_read(TreeNode *map, const char *path, const Spaces *spaces, GError **error) {
  g_autoptr(Hook) hook = hook_new();
  return read_hook(map, path, hook, spaces, error) ? g_steal_pointer(&hook) : NULL;
}
