// SPDX-License-Identifier: Apache-2.0
#include "simulate/row_json.h"
#include "simulate/row_text.h"

// Texts of the tables need no escaping in JSON. Members are written with a comma behind; the last one is taken back.
static char *put_key(char *out, const char *key) {
  *out++ = '"';
  out = put_text(out, text_of(key));
  return put_literal(out, "\":");
}

static char *put_string(char *out, const char *key, Text value) {
  if (!value.size)
    return out;
  out = put_key(out, key);
  *out++ = '"';
  out = put_text(out, value);
  return put_literal(out, "\",");
}

typedef char *(*PersonText)(char *out, const World *world, guint32 person);

static char *put_identifier(char *out, const char *key, PersonText text, const World *world, guint32 person) {
  out = put_key(out, key);
  *out++ = '"';
  out = text(out, world, person);
  return put_literal(out, "\",");
}

static char *end_object(char *out) { // "{" or a trailing comma before it
  if (out[-1] == ',')
    out--;
  return put_literal(out, "},");
}

static char *put_integer(char *out, const char *key, guint64 value) {
  out = put_number(put_key(out, key), value);
  *out++ = ',';
  return out;
}

static char *put_money(char *out, const char *key, guint32 cents) {
  out = put_cents(put_key(out, key), cents);
  *out++ = ',';
  return out;
}

static char *put_amounts(char *out, const Row *row) {
  if (row_has_value(row))
    out = put_money(out, "value", row->cents);
  if (row->kind == ROW_COSTED)
    out = put_money(out, "cost", row->cents);
  if (row_has_value(row) || row->kind == ROW_COSTED)
    out = put_string(out, "currency", text_of("EUR"));
  if (row_has_price(row))
    out = put_money(out, "price", row->cents);
  return out;
}

static char *put_properties(char *out, const World *world, const Row *row) {
  out = put_literal(put_key(out, "properties"), "{");
  out = put_amounts(out, row);
  if (row->order != NO_ORDER) {
    out = put_literal(put_key(out, "order_id"), "\"");
    out = put_literal(put_order(out, world, row), "\",");
  }
  if (row->score != NO_SCORE)
    out = put_integer(out, "score", (guint64)row->score);
  out = put_string(out, "place", PLACE[row->place]);
  out = put_string(out, "page", PAGE[row->page]);
  if (row->product != NO_PRODUCT) {
    if (row->kind != ROW_LIST_VIEWED) {
      out = put_literal(put_key(out, "product"), "\"");
      out = put_literal(put_product(out, row), "\",");
    }
    out = put_string(out, "category", CATEGORY[row->product / MODELS].name);
  }
  if (row->quantity)
    out = put_integer(out, "quantity", row->quantity);
  out = put_string(out, "device_type", row_device_type(row));
  if (row->store != NO_STORE)
    out = put_string(out, "store", STORE[row->store]);
  if (row->region != NO_REGION)
    out = put_string(out, "region", REGION[row->region].name);
  out = put_string(out, "reason", REASON[row->reason]);
  out = put_string(out, "comment", COMMENT[row->comment]);
  out = put_string(out, "survey", SURVEY[row->survey]);
  if (row->survey == SURVEY_RATING)
    out = put_text(put_key(out, "recommends"), text_of(row->score >= RATING_GOOD ? "true," : "false,"));
  out = put_string(out, "availability", row_availability(row));
  if (row->delivery_days)
    out = put_integer(out, "delivery_days", row->delivery_days);
  out = put_string(out, "coupon", COUPON[row->coupon]);
  return end_object(out);
}

static char *put_campaign(char *out, const World *world, const Row *row) {
  if (!row_source(row).size && !row->campaign && !row->content && !row->term)
    return out;
  out = put_literal(put_key(out, "campaign"), "{");
  out = put_string(out, "source", row_source(row));
  out = put_string(out, "medium", row_medium(row));
  out = put_string(out, "name", world->campaigns[row->campaign]);
  out = put_string(out, "content", CONTENT[row->content]);
  out = put_string(out, "term", TERM[row->term]);
  return end_object(out);
}

static char *put_traits(char *out, const World *world, const Row *row) {
  if (!(row->shows & (SHOWS_EMAIL | SHOWS_PHONE)))
    return out;
  out = put_literal(put_key(out, "traits"), "{");
  if (row->shows & SHOWS_EMAIL)
    out = put_identifier(out, "email", put_email, world, row->person);
  if (row->shows & SHOWS_PHONE)
    out = put_identifier(out, "phone", put_phone, world, row->person);
  return end_object(out);
}

static char *put_external_id(char *out, const char *type, PersonText text, const World *world, guint32 person) {
  *out++ = '{';
  out = put_string(out, "type", text_of(type));
  return end_object(put_identifier(out, "id", text, world, person));
}

static char *put_external_ids(char *out, const World *world, const Row *row) {
  if (!(row->shows & (SHOWS_CRM | SHOWS_CARD)))
    return out;
  out = put_literal(put_key(out, "externalIds"), "[");
  if (row->shows & SHOWS_CRM)
    out = put_external_id(out, "crm", put_crm, world, row->person);
  if (row->shows & SHOWS_CARD)
    out = put_external_id(out, "card", put_card, world, row->person);
  out[-1] = ']';
  *out++ = ',';
  return out;
}

static char *put_context(char *out, const World *world, const Row *row) {
  out = put_literal(put_key(out, "context"), "{");
  out = put_string(out, "channel", CHANNEL[row->channel].key);
  out = put_campaign(out, world, row);
  out = put_traits(out, world, row);
  out = put_external_ids(out, world, row);
  out = put_string(out, "userAgent", row_agent(row));
  return end_object(out);
}

char *row_json_write(const World *world, const Row *row, char *out) {
  out = put_literal(out, "{\"type\":\"track\",\"messageId\":\"");
  out = put_literal(put_id(out, world, row), "\",");
  out = put_string(out, "event", ROW_KIND[row->kind].name);
  if (row->shows & SHOWS_USER)
    out = put_identifier(out, "userId", put_user, world, row->person);
  if (row->shows & SHOWS_DEVICE) {
    out = put_literal(put_key(out, "anonymousId"), "\"");
    out = put_literal(put_device(out, world, row), "\",");
  }
  out = put_literal(put_key(out, "timestamp"), "\"");
  out = put_literal(put_instant(out, row->time_ms), "\",");
  out = put_properties(out, world, row);
  out = put_context(out, world, row);
  out--;
  return put_literal(out, "}\n");
}
