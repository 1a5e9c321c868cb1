/* SPDX-License-Identifier: Apache-2.0
 * tree.h: a YAML document as a tree that remembers where everything stood (libyaml's parser). Aliases, tags and several
 * documents are refused; sizes and depth are limited. Readers take what they know; tree_map_done says what is left over. */
#pragma once
#include <glib.h>

typedef enum { TREE_SCALAR, TREE_LIST, TREE_MAP } TreeKind;
typedef struct TreeNode TreeNode;
struct TreeNode {
  TreeKind kind;
  guint line, column;  /* 1-based */
  char *text;          /* scalar */
  GPtrArray *keys;     /* of TreeNode* (scalars), for maps */
  GPtrArray *children; /* of TreeNode*, for lists and maps */
  guint64 taken;       /* map: bit per key already read (maps have at most 64 keys) */
};

enum { TREE_SIZE_MAX = 1 << 20, TREE_DEPTH_MAX = 12, TREE_KEYS_MAX = 64, TREE_ITEMS_MAX = 5000 };

TreeNode *tree_parse(const char *text, gsize size, GError **error); /* an empty document is an empty map */
void tree_free(TreeNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeNode, tree_free)

TreeNode *tree_take(TreeNode *map, const char *key); /* NULL when absent */
/* Sets ERROR_INVALID "line 12, stages[2].enter: ..." and returns FALSE. `path` is where the reader is. */
gboolean tree_error(GError **error, const TreeNode *node, const char *path, const char *format, ...) G_GNUC_PRINTF(4, 5);
/* FALSE with the first key nobody took, and the nearest of `known` (NULL-terminated). */
gboolean tree_map_done(const TreeNode *map, const char *path, const char *const *known, GError **error);
