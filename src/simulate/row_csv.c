// SPDX-License-Identifier: Apache-2.0
#include "simulate/row_csv.h"
#include "simulate/row_text.h"

const char ROW_CSV_HEADER[] =
    "time,event,user,crm,card,email,phone,anonymous,channel,source,medium,campaign,content,term,place,value,currency,"
    "cost,order,score,id,page,product,category,price,quantity,device_type,store,region,reason,comment,survey,"
    "recommends,availability,delivery_days,coupon,user_agent\n";

// Texts of the tables hold no quotes; only comments and user agents may hold a comma.
static char *put_quoted(char *out, Text text) {
  if (!text.size)
    return out;
  *out++ = '"';
  out = put_text(out, text);
  *out++ = '"';
  return out;
}

static char *put_identifiers(char *out, const World *world, const Row *row) {
  if (row->shows & SHOWS_USER)
    out = put_user(out, world, row->person);
  *out++ = ',';
  if (row->shows & SHOWS_CRM)
    out = put_crm(out, world, row->person);
  *out++ = ',';
  if (row->shows & SHOWS_CARD)
    out = put_card(out, world, row->person);
  *out++ = ',';
  if (row->shows & SHOWS_EMAIL)
    out = put_email(out, world, row->person);
  *out++ = ',';
  if (row->shows & SHOWS_PHONE)
    out = put_phone(out, world, row->person);
  *out++ = ',';
  if (row->shows & SHOWS_DEVICE)
    out = put_device(out, world, row);
  *out++ = ',';
  return out;
}

static char *put_campaign(char *out, const World *world, const Row *row) {
  const Text fields[] = {CHANNEL[row->channel].key, row_source(row), row_medium(row),  world->campaigns[row->campaign],
                         CONTENT[row->content],     TERM[row->term], PLACE[row->place]};
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
    out = put_text(out, fields[i]);
    *out++ = ',';
  }
  return out;
}

static char *put_money(char *out, const World *world, const Row *row) {
  gboolean cost = row->kind == ROW_COSTED;
  if (row_has_value(row))
    out = put_cents(out, row->cents);
  *out++ = ',';
  if (row_has_value(row) || cost)
    out = put_literal(out, "EUR");
  *out++ = ',';
  if (cost)
    out = put_cents(out, row->cents);
  *out++ = ',';
  if (row->order != NO_ORDER)
    out = put_order(out, world, row);
  *out++ = ',';
  if (row->score != NO_SCORE)
    out = put_number(out, (guint64)row->score);
  *out++ = ',';
  return out;
}

static char *put_goods(char *out, const Row *row) {
  out = put_text(out, PAGE[row->page]);
  *out++ = ',';
  if (row->product != NO_PRODUCT && row->kind != ROW_LIST_VIEWED)
    out = put_product(out, row);
  *out++ = ',';
  if (row->product != NO_PRODUCT)
    out = put_text(out, CATEGORY[row->product / MODELS].name);
  *out++ = ',';
  if (row_has_price(row))
    out = put_cents(out, row->cents);
  *out++ = ',';
  if (row->quantity)
    out = put_number(out, row->quantity);
  *out++ = ',';
  return out;
}

static char *put_circumstances(char *out, const Row *row) {
  out = put_text(out, row_device_type(row));
  *out++ = ',';
  if (row->store != NO_STORE)
    out = put_text(out, STORE[row->store]);
  *out++ = ',';
  if (row->region != NO_REGION)
    out = put_text(out, REGION[row->region].name);
  *out++ = ',';
  out = put_text(out, REASON[row->reason]);
  *out++ = ',';
  out = put_quoted(out, COMMENT[row->comment]);
  *out++ = ',';
  out = put_text(out, SURVEY[row->survey]);
  *out++ = ',';
  if (row->survey == SURVEY_RATING)
    out = row->score >= RATING_GOOD ? put_literal(out, "true") : put_literal(out, "false");
  *out++ = ',';
  out = put_text(out, row_availability(row));
  *out++ = ',';
  if (row->delivery_days)
    out = put_number(out, row->delivery_days);
  *out++ = ',';
  out = put_text(out, COUPON[row->coupon]);
  *out++ = ',';
  return put_quoted(out, row_agent(row));
}

char *row_csv_write(const World *world, const Row *row, char *out) {
  out = put_instant(out, row->time_ms);
  *out++ = ',';
  out = put_text(out, ROW_KIND[row->kind].name);
  *out++ = ',';
  out = put_identifiers(out, world, row);
  out = put_campaign(out, world, row);
  out = put_money(out, world, row);
  out = put_id(out, world, row);
  *out++ = ',';
  out = put_goods(out, row);
  out = put_circumstances(out, row);
  *out++ = '\n';
  return out;
}
