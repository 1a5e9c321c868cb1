// SPDX-License-Identifier: Apache-2.0
#include "capture/form.h"

typedef struct {
  char *name, *value;
} FormField;

struct Form {
  GArray *fields; /* of FormField */
};

static void field_clear(gpointer p) {
  FormField *field = p;
  g_free(field->name);
  g_free(field->value);
}

Form *form_new(void) {
  Form *form = g_new0(Form, 1);
  form->fields = g_array_new(FALSE, FALSE, sizeof(FormField));
  g_array_set_clear_func(form->fields, field_clear);
  return form;
}

void form_free(Form *form) {
  if (form == NULL)
    return;
  g_array_unref(form->fields);
  g_free(form);
}

void form_clear(Form *form) {
  g_array_set_size(form->fields, 0);
}

static void take(Form *form, char *name, char *value) {
  FormField field = {name, value};
  if (form->fields->len < FORM_FIELDS_MAX)
    g_array_append_val(form->fields, field);
  else
    field_clear(&field);
}

void form_add(Form *form, const char *name, const char *value) {
  take(form, g_utf8_make_valid(name, -1), g_utf8_make_valid(value ? value : "", -1));
}

static char *decode(const char *at, const char *end) {
  g_autoptr(GString) text = g_string_sized_new((gsize)(end - at));
  for (; at < end; at++) {
    gboolean escape = *at == '%' && end - at > 2 && g_ascii_isxdigit(at[1]) && g_ascii_isxdigit(at[2]);
    char c = escape ? (char)(g_ascii_xdigit_value(at[1]) << 4 | g_ascii_xdigit_value(at[2])) : *at == '+' ? ' ' : *at;
    if (c)
      g_string_append_c(text, c);
    at += escape ? 2 : 0;
  }
  return g_utf8_make_valid(text->str, (gssize)text->len);
}

void form_add_query(Form *form, Text query) {
  query = text_some(query);
  const char *at = query.at, *end = at + query.size;
  at += at < end && *at == '?';
  while (at < end) {
    const char *stop = memchr(at, '&', (gsize)(end - at));
    const char *last = stop ? stop : end;
    const char *equals = memchr(at, '=', (gsize)(last - at));
    if (last > at)
      take(form, decode(at, equals ? equals : last), equals ? decode(equals + 1, last) : g_strdup(""));
    at = last + 1;
  }
}

static void add_each(const char *name, const char *value, gpointer form) {
  form_add(form, name, value);
}

void form_add_request(Form *form, const CaptureRequest *request) {
  request->each_argument(request, add_each, form);
}

const char *form_get(const Form *form, const char *name) {
  for (guint i = 0; i < form->fields->len; i++) {
    const FormField *field = &g_array_index(form->fields, FormField, i);
    if (strcmp(field->name, name) == 0)
      return *field->value ? field->value : NULL;
  }
  return NULL;
}

void form_each(const Form *form, void (*each)(const char *name, const char *value, gpointer user), gpointer user) {
  for (guint i = 0; i < form->fields->len; i++) {
    const FormField *field = &g_array_index(form->fields, FormField, i);
    each(field->name, field->value, user);
  }
}
