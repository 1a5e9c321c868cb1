/* SPDX-License-Identifier: Apache-2.0
 * row_text.h: the values of a row as text, shared by the formats. Each function writes at `out`, which has
 * room, and returns the end; nothing is terminated. */
#pragma once
#include "simulate/world.h"

static inline char *put_text(char *out, Text text) {
  memcpy(out, text.at, text.size);
  return out + text.size;
}
#define put_literal(out, literal) put_text((out), (Text){(literal), sizeof(literal) - 1})

char *put_number(char *out, guint64 number);
char *put_digits(char *out, guint64 number, guint width); /* zero-padded */
char *put_hex(char *out, guint64 number, guint width);
char *put_cents(char *out, guint64 cents);    /* 12.34 */
char *put_instant(char *out, gint64 time_ms); /* 2025-12-24T17:30:00.000Z */

char *put_user(char *out, const World *world, guint32 person);
char *put_crm(char *out, const World *world, guint32 person);
char *put_card(char *out, const World *world, guint32 person); /* begins with a zero, as real ones may */
char *put_email(char *out, const World *world, guint32 person);
char *put_phone(char *out, const World *world, guint32 person);
char *put_device(char *out, const World *world, const Row *row);
char *put_order(char *out, const World *world, const Row *row);
char *put_id(char *out, const World *world, const Row *row); /* the part before the dash tells who it truly was */
char *put_product(char *out, const Row *row);

Text row_source(const Row *row);
Text row_medium(const Row *row);
Text row_agent(const Row *row);
Text row_device_type(const Row *row);
Text row_availability(const Row *row);
gboolean row_has_value(const Row *row); /* cents are money that changed hands ... */
gboolean row_has_price(const Row *row); /* ... or the price of what was looked at */
