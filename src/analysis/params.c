// SPDX-License-Identifier: Apache-2.0
#include "analysis/params.h"
#include "base/error.h"
#include <errno.h>
#include <string.h>

struct Params {
  GHashTable *values; /* name -> GPtrArray of char* */
};

Params *params_new(void) {
  Params *params = g_new0(Params, 1);
  params->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  return params;
}

void params_free(Params *params) {
  if (!params)
    return;
  g_hash_table_unref(params->values);
  g_free(params);
}

void params_add(Params *params, const char *name, const char *value) {
  GPtrArray *list = g_hash_table_lookup(params->values, name);
  if (!list) {
    list = g_ptr_array_new_with_free_func(g_free);
    g_hash_table_insert(params->values, g_strdup(name), list);
  }
  g_ptr_array_add(list, g_strdup(value));
}

const char *params_get(const Params *params, const char *name) {
  const GPtrArray *list = g_hash_table_lookup(params->values, name);
  return list ? g_ptr_array_index(list, list->len - 1) : NULL;
}

const GPtrArray *params_all(const Params *params, const char *name) {
  static const GPtrArray none = {0};
  const GPtrArray *list = g_hash_table_lookup(params->values, name);
  return list ? list : &none;
}

gboolean params_int(const Params *params, const char *name, gint64 min, gint64 max, gint64 *value, GError **error) {
  const char *text = params_get(params, name);
  char *end = NULL;
  errno = 0;
  gint64 number = text ? g_ascii_strtoll(text, &end, 10) : 0;
  if (!text || !*text || *end || errno || number < min || number > max)
    return error_set(error, ERROR_USAGE,
                     "--%s must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ", not \"%s\"", name, min, max,
                     text ? text : "");
  *value = number;
  return TRUE;
}

gboolean params_flag(const Params *params, const char *name) {
  const char *text = params_get(params, name);
  return text && strcmp(text, "false") != 0 && strcmp(text, "0") != 0;
}

const Param *param_find(const Param *table, const char *name) {
  for (; table && table->name; table++)
    if (strcmp(table->name, name) == 0)
      return table;
  return NULL;
}

static gboolean choice_known(const char *choices, const char *value) {
  g_auto(GStrv) list = g_strsplit(choices, "|", -1);
  return g_strv_contains((const char *const *)list, value);
}

static gboolean values_check(const Param *param, const GPtrArray *list, GError **error) {
  if (list->len > 1 && !param->many)
    return error_set(error, ERROR_USAGE, "--%s may be given once, not %u times", param->name, list->len);
  for (guint i = 0; param->type == PARAM_CHOICE && i < list->len; i++)
    if (!choice_known(param->choices, g_ptr_array_index(list, i)))
      return error_set(error, ERROR_USAGE, "--%s must be one of %s, not \"%s\"", param->name, param->choices,
                       (const char *)g_ptr_array_index(list, i));
  return TRUE;
}

static gboolean unknown(const char *name, const Param *table, GError **error) {
  g_autoptr(GString) known = g_string_new(NULL);
  for (; table && table->name; table++)
    g_string_append_printf(known, "%s--%s", known->len ? ", " : "", table->name);
  return error_set(error, ERROR_USAGE, "there is no option --%s here\nhint: known are %s", name, known->str);
}

gboolean params_check_names(const Params *params, const Param *const *tables, GError **error) {
  g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(params->values), (GCompareFunc)strcmp);
  for (const GList *name = names; name; name = name->next) {
    const Param *param = NULL;
    for (guint i = 0; !param && tables[i]; i++)
      param = param_find(tables[i], name->data);
    if (!param)
      return unknown(name->data, tables[0], error);
    if (!values_check(param, g_hash_table_lookup(params->values, name->data), error))
      return FALSE;
  }
  return TRUE;
}
