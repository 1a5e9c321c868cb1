// SPDX-License-Identifier: Apache-2.0
#include "project/tree.h"
#include "base/error.h"
#include <stdarg.h>
#include <string.h>
#include <yaml.h>

typedef struct {
  yaml_parser_t parser;
  guint items;
} Reader;

static TreeNode *node_new(TreeKind kind, const yaml_event_t *event) {
  TreeNode *node = g_new0(TreeNode, 1);
  node->kind = kind;
  node->line = (guint)event->start_mark.line + 1;
  node->column = (guint)event->start_mark.column + 1;
  if (kind != TREE_SCALAR)
    node->children = g_ptr_array_new_with_free_func((GDestroyNotify)tree_free);
  if (kind == TREE_MAP)
    node->keys = g_ptr_array_new_with_free_func((GDestroyNotify)tree_free);
  return node;
}

void tree_free(TreeNode *node) {
  if (!node)
    return;
  g_free(node->text);
  g_clear_pointer(&node->keys, g_ptr_array_unref);
  g_clear_pointer(&node->children, g_ptr_array_unref);
  g_free(node);
}

static gboolean next_event(Reader *reader, yaml_event_t *event, GError **error) {
  if (yaml_parser_parse(&reader->parser, event))
    return TRUE;
  return error_set(error, ERROR_INVALID, "line %zu, column %zu: this is not YAML: %s", reader->parser.problem_mark.line + 1,
                   reader->parser.problem_mark.column + 1, reader->parser.problem ? reader->parser.problem : "unreadable");
}

static TreeNode *read_node(Reader *reader, yaml_event_t *event, guint depth, GError **error);

static gboolean read_list(Reader *reader, TreeNode *node, guint depth, GError **error) {
  for (;;) {
    yaml_event_t event;
    if (!next_event(reader, &event, error))
      return FALSE;
    if (event.type == YAML_SEQUENCE_END_EVENT) {
      yaml_event_delete(&event);
      return TRUE;
    }
    TreeNode *child = read_node(reader, &event, depth, error);
    if (!child)
      return FALSE;
    g_ptr_array_add(node->children, child);
  }
}

static gboolean key_is_good(const TreeNode *map, const TreeNode *key, GError **error) {
  if (key->kind != TREE_SCALAR)
    return error_set(error, ERROR_INVALID, "line %u: a key must be a plain word", key->line);
  for (guint i = 0; i < map->keys->len; i++)
    if (strcmp(((TreeNode *)map->keys->pdata[i])->text, key->text) == 0)
      return error_set(error, ERROR_INVALID, "line %u: %s stands here twice (first in line %u)", key->line, key->text,
                       ((TreeNode *)map->keys->pdata[i])->line);
  if (map->keys->len == TREE_KEYS_MAX)
    return error_set(error, ERROR_LIMIT, "line %u: more than %d keys in one place", key->line, TREE_KEYS_MAX);
  return TRUE;
}

static gboolean read_map(Reader *reader, TreeNode *node, guint depth, GError **error) {
  for (;;) {
    yaml_event_t event;
    if (!next_event(reader, &event, error))
      return FALSE;
    if (event.type == YAML_MAPPING_END_EVENT) {
      yaml_event_delete(&event);
      return TRUE;
    }
    g_autoptr(TreeNode) key = read_node(reader, &event, depth, error);
    if (!key || !key_is_good(node, key, error) || !next_event(reader, &event, error))
      return FALSE;
    TreeNode *value = read_node(reader, &event, depth, error);
    if (!value)
      return FALSE;
    g_ptr_array_add(node->keys, g_steal_pointer(&key));
    g_ptr_array_add(node->children, value);
  }
}

/* Takes the event over. */
static TreeNode *read_node(Reader *reader, yaml_event_t *event, guint depth, GError **error) {
  TreeNode *node = NULL;
  gboolean good = FALSE;
  guint line = (guint)event->start_mark.line + 1;
  if (depth > TREE_DEPTH_MAX || ++reader->items > TREE_ITEMS_MAX) {
    error_set(error, ERROR_LIMIT, "line %u: the file is deeper than %d levels or has more than %d items", line, TREE_DEPTH_MAX,
              TREE_ITEMS_MAX);
  } else if (event->type == YAML_SCALAR_EVENT) {
    node = node_new(TREE_SCALAR, event);
    node->text = g_strndup((const char *)event->data.scalar.value, event->data.scalar.length);
    good = strlen(node->text) == event->data.scalar.length ||
           error_set(error, ERROR_INVALID, "line %u: a zero byte in the text", line);
  } else if (event->type == YAML_SEQUENCE_START_EVENT) {
    node = node_new(TREE_LIST, event);
    good = read_list(reader, node, depth + 1, error);
  } else if (event->type == YAML_MAPPING_START_EVENT) {
    node = node_new(TREE_MAP, event);
    good = read_map(reader, node, depth + 1, error);
  } else {
    error_set(error, ERROR_INVALID, "line %u: expected a value; references (*name) are not used here", line);
  }
  yaml_event_delete(event);
  if (!good)
    g_clear_pointer(&node, tree_free);
  return node;
}

static TreeNode *read_document(Reader *reader, GError **error) {
  yaml_event_t event;
  for (;;) { /* stream start, document start */
    if (!next_event(reader, &event, error))
      return NULL;
    if (event.type == YAML_STREAM_END_EVENT) {
      TreeNode *empty = node_new(TREE_MAP, &event);
      yaml_event_delete(&event);
      return empty;
    }
    if (event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_START_EVENT)
      break;
    yaml_event_delete(&event);
  }
  g_autoptr(TreeNode) node = read_node(reader, &event, 0, error);
  if (!node)
    return NULL;
  while (next_event(reader, &event, error)) {
    gboolean end = event.type == YAML_STREAM_END_EVENT, more = event.type == YAML_DOCUMENT_START_EVENT;
    guint line = (guint)event.start_mark.line + 1;
    yaml_event_delete(&event);
    if (end)
      return g_steal_pointer(&node);
    if (more) {
      error_set(error, ERROR_INVALID, "line %u: a second document begins; one file is one project", line);
      return NULL;
    }
  }
  return NULL;
}

TreeNode *tree_parse(const char *text, gsize size, GError **error) {
  Reader reader = {.items = 0};
  if (size > TREE_SIZE_MAX) {
    error_set(error, ERROR_LIMIT, "the project file is larger than 1 MiB");
    return NULL;
  }
  if (!yaml_parser_initialize(&reader.parser))
    g_error("out of memory");
  yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
  TreeNode *node = read_document(&reader, error);
  yaml_parser_delete(&reader.parser);
  return node;
}

TreeNode *tree_take(TreeNode *map, const char *key) {
  for (guint i = 0; map && map->kind == TREE_MAP && i < map->keys->len; i++)
    if (strcmp(((TreeNode *)map->keys->pdata[i])->text, key) == 0) {
      map->taken |= G_GUINT64_CONSTANT(1) << i;
      return map->children->pdata[i];
    }
  return NULL;
}

gboolean tree_error(GError **error, const TreeNode *node, const char *path, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  return error_set(error, ERROR_INVALID, "line %u, %s: %s", node->line, path, text);
}

gboolean tree_map_done(const TreeNode *map, const char *path, const char *const *known, GError **error) {
  for (guint i = 0; i < map->keys->len; i++) {
    if (map->taken >> i & 1)
      continue;
    const TreeNode *key = map->keys->pdata[i];
    g_autofree char *list = g_strjoinv(", ", (char **)known);
    return tree_error(error, key, *path ? path : "top", "there is no key \"%s\" here\nhint: known are %s", key->text, list);
  }
  return TRUE;
}
