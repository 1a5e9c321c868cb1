// SPDX-License-Identifier: Apache-2.0
#include "simulate/row_text.h"
#include "base/clock.h"

#define T(literal) ((Text){literal, sizeof(literal) - 1})

char *put_number(char *out, guint64 number) {
  char digits[20];
  guint n = 0;
  do
    digits[n++] = (char)('0' + number % 10);
  while (number /= 10);
  while (n)
    *out++ = digits[--n];
  return out;
}

char *put_digits(char *out, guint64 number, guint width) {
  for (guint i = width; i-- > 0; number /= 10)
    out[i] = (char)('0' + number % 10);
  return out + width;
}

char *put_hex(char *out, guint64 number, guint width) {
  for (guint i = width; i-- > 0; number >>= 4)
    out[i] = "0123456789abcdef"[number & 15];
  return out + width;
}

char *put_cents(char *out, guint64 cents) {
  out = put_number(out, cents / 100);
  *out++ = '.';
  return put_digits(out, cents % 100, 2);
}

char *put_instant(char *out, gint64 time_ms) {
  int year, month, day;
  calendar_date((int)(time_ms / MS_DAY), &year, &month, &day);
  guint ms = (guint)(time_ms % MS_DAY);
  char *end = put_digits(out, (guint)year, 4);
  *end++ = '-';
  end = put_digits(end, (guint)month, 2);
  *end++ = '-';
  end = put_digits(end, (guint)day, 2);
  *end++ = 'T';
  end = put_digits(end, ms / 3600000, 2);
  *end++ = ':';
  end = put_digits(end, ms / 60000 % 60, 2);
  *end++ = ':';
  end = put_digits(end, ms / 1000 % 60, 2);
  *end++ = '.';
  end = put_digits(end, ms % 1000, 3);
  *end++ = 'Z';
  return end;
}

char *put_user(char *out, const World *world, guint32 person) {
  *out++ = 'u';
  return put_hex(out, world_scramble(world, person), 8);
}

char *put_crm(char *out, const World *world, guint32 person) {
  *out++ = 'K';
  return put_digits(out, world_scramble(world, person ^ 0x2a5a5a5au), 10);
}

char *put_card(char *out, const World *world, guint32 person) {
  out = put_literal(out, "043009");
  return put_digits(out, world_scramble(world, person ^ 0x15151515u), 10);
}

char *put_email(char *out, const World *world, guint32 person) {
  guint32 number = world_scramble(world, person ^ 0x33333333u);
  out = put_text(out, FIRST_NAME[number % 32]);
  *out++ = '.';
  out = put_text(out, LAST_NAME[number / 32 % 32]);
  out = put_number(out, number / 1024); // with the names above it is the whole number again: no two alike
  *out++ = '@';
  return put_text(out, MAIL_HOST[number % 4]);
}

char *put_phone(char *out, const World *world, guint32 person) {
  out = put_literal(out, "+4915");
  return put_digits(out, world_scramble(world, person ^ 0x0f0f0f0fu), 10);
}

char *put_device(char *out, const World *world, const Row *row) {
  return put_hex(out, world_device_id(world, row), 16);
}

char *put_order(char *out, const World *world, const Row *row) {
  *out++ = 'L';
  return put_digits(out, world_scramble(world, row->person * ORDERS_MAX + row->order), 10);
}

char *put_id(char *out, const World *world, const Row *row) {
  out = row->flags & FLAG_BOT     ? put_literal(out, "crawler")
        : row->flags & FLAG_DOOR  ? put_literal(out, "door")
        : row->kind == ROW_COSTED ? put_literal(out, "cost")
                                  : put_hex(out, world_scramble(world, row->person), 8);
  *out++ = '-';
  return put_number(out, row->flags & (FLAG_BOT | FLAG_DOOR) ? row->person * (guint64)G_MAXUINT16 + row->sequence : row->sequence);
}

char *put_product(char *out, const Row *row) {
  out = put_text(out, CATEGORY[row->product / MODELS].singular);
  *out++ = ' ';
  return put_text(out, MODEL[row->product % MODELS]);
}

Text row_source(const Row *row) {
  if (row->source)
    return SOURCE[row->source];
  return CHANNEL[row->channel].source;
}

Text row_medium(const Row *row) {
  return CHANNEL[row->channel].medium;
}

Text row_agent(const Row *row) {
  return row->flags & FLAG_BOT ? BOT_AGENT[row->agent % BOT_AGENTS] : AGENT[row->agent];
}

Text row_device_type(const Row *row) {
  switch (row->device) {
  case DEVICE_PHONE:
  case DEVICE_APP: return T("mobile");
  case DEVICE_LAPTOP: return row->flags & FLAG_BOT ? T("") : T("desktop");
  case DEVICE_TABLET:
  case DEVICE_STORE: return T("tablet");
  default: return T("");
  }
}

Text row_availability(const Row *row) {
  if (row->kind != ROW_PRODUCT_VIEWED)
    return T("");
  return row->flags & FLAG_SHORT ? T("out_of_stock") : T("in_stock");
}

gboolean row_has_value(const Row *row) {
  return row->kind == ROW_ORDERED || row->kind == ROW_REFUNDED || row->kind == ROW_CANCELLED;
}

gboolean row_has_price(const Row *row) {
  return row->cents && !row_has_value(row) && row->kind != ROW_COSTED;
}
