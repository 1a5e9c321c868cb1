/* SPDX-License-Identifier: Apache-2.0
 * form.h: names and values as addresses and forms have them, decoded: "a=1&b=x%20y". Text only: bytes of value zero
 * are left out, invalid UTF-8 becomes U+FFFD. */
#pragma once
#include "capture/protocol.h"

enum { FORM_FIELDS_MAX = 512 };
typedef struct Form Form;

Form *form_new(void);
void form_free(Form *form);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Form, form_free)
void form_clear(Form *form);
/* Fields past the maximum are left out; of equal names the first counts. */
void form_add(Form *form, const char *name, const char *value);
void form_add_query(Form *form, Text query); /* with or without a leading ? */
void form_add_request(Form *form, const CaptureRequest *request);
const char *form_get(const Form *form, const char *name); /* NULL when missing or empty */
void form_each(const Form *form, void (*each)(const char *name, const char *value, gpointer user), gpointer user);
