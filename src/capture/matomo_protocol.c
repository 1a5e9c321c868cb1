// SPDX-License-Identifier: Apache-2.0
// Matomo's tracking API: one hit a request in the address or a form, or many as JSON. Each hit is said again in the
// words of Segment's spec and read by the same reader, so that the same act makes the same event whoever told of it.
#include "capture/protocols.h"

#include "base/error.h"
#include "base/json_out.h"
#include "capture/form.h"
#include "capture/intake.h"
#include "capture/capture_reply.h"

enum { ITEM_FIELDS = 5 }; /* sku, name, category, price, quantity */

typedef struct {
  Intake intake;
  const Form *form; /* of the hit at hand */
  JsonOut *out;
} Hits;

static const char *get(const Hits *hits, const char *name) {
  return form_get(hits->form, name);
}

static gboolean is_set(const Hits *hits, const char *name) {
  return get(hits, name) != NULL;
}

static gboolean is_one(const Hits *hits, const char *name) {
  return g_strcmp0(get(hits, name), "1") == 0;
}

static void put(const Hits *hits, const char *key, const char *name) {
  if (is_set(hits, name))
    json_kv_string(hits->out, key, get(hits, name));
}

static void put_number(const Hits *hits, const char *key, const char *name) {
  const char *value = get(hits, name);
  if (value == NULL || !decimal_is_canonical(text_of(value))) {
    put(hits, key, name);
    return;
  }
  json_key(hits->out, key);
  json_raw(hits->out, value, strlen(value));
}

typedef struct {
  const char *key, *name; /* a member of ours, a parameter of Matomo's */
  gboolean number;
} Pair;

static void put_pairs(const Hits *hits, const Pair *pairs, guint n) {
  for (guint i = 0; i < n; i++)
    (pairs[i].number ? put_number : put)(hits, pairs[i].key, pairs[i].name);
}
#define PUT_PAIRS(hits, pairs) put_pairs(hits, pairs, G_N_ELEMENTS(pairs))

/* --- around the act ---------------------------------------------------------------------------------------- */

/* Matomo's own campaign parameters in the page's address; utm_ ones are everybody's and read further in. */
static void put_campaign(const Hits *hits) {
  static const struct {
    const char *key, *names[4];
  } fields[] = {{"name", {"mtm_campaign", "matomo_campaign", "pk_campaign", "piwik_campaign"}},
                {"term", {"mtm_keyword", "mtm_kwd", "pk_keyword", "pk_kwd"}},
                {"source", {"mtm_source", "matomo_source", "pk_source", NULL}},
                {"medium", {"mtm_medium", "matomo_medium", "pk_medium", NULL}},
                {"content", {"mtm_content", "matomo_content", "pk_content", NULL}}};
  const char *url = get(hits, "url"), *query = url ? strchr(url, '?') : NULL;
  if (query == NULL)
    return;
  g_autoptr(Form) address = form_new();
  form_add_query(address, (Text){query, (guint32)strcspn(query, "#")});
  json_key(hits->out, "campaign");
  json_object(hits->out);
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
    for (guint k = 0; k < G_N_ELEMENTS(fields[i].names) && fields[i].names[k]; k++)
      if (form_get(address, fields[i].names[k])) {
        json_kv_string(hits->out, fields[i].key, form_get(address, fields[i].names[k]));
        break;
      }
  json_object_end(hits->out);
}

static void put_context(const Hits *hits) {
  static const Pair page[] = {{"url", "url"}, {"referrer", "urlref"}, {"title", "action_name"}};
  static const Pair others[] = {{"userAgent", "ua"}, {"locale", "lang"}};
  json_key(hits->out, "context");
  json_object(hits->out);
  if (is_set(hits, "url") || is_set(hits, "urlref") || is_set(hits, "action_name")) {
    json_key(hits->out, "page");
    json_object(hits->out);
    PUT_PAIRS(hits, page);
    json_object_end(hits->out);
  }
  put_campaign(hits);
  PUT_PAIRS(hits, others);
  json_object_end(hits->out);
}

/* Without an offset a time is UTC, whatever the project's zone; one that cannot be read is refused further in. */
static void put_time(const Hits *hits) {
  const char *given = get(hits, "cdt"), *why;
  gint64 instant;
  if (given && clock_parse(text_of(given), NULL, &instant, &why))
    json_kv_int(hits->out, "timestamp", instant);
  else
    put(hits, "timestamp", "cdt");
}

static gboolean is_dimension(const char *name) {
  static const char prefix[] = "dimension";
  return g_str_has_prefix(name, prefix) && g_ascii_isdigit(name[strlen(prefix)]);
}

static void put_dimension(const char *name, const char *value, gpointer user) {
  const Hits *hits = user;
  if (is_dimension(name) && *value)
    json_kv_string(hits->out, name, value);
}

static void begin(const Hits *hits, const char *type, const char *event) {
  json_object(hits->out);
  json_kv_string(hits->out, "type", type);
  if (event)
    json_kv_string(hits->out, "event", event);
  put_time(hits);
  put(hits, "userId", "uid");
  put(hits, "anonymousId", is_set(hits, "cid") ? "cid" : "_id");
  put_context(hits);
  json_key(hits->out, "properties");
  json_object(hits->out);
  form_each(hits->form, put_dimension, (gpointer)hits);
}

static void finish(Hits *hits) {
  gsize size;
  json_object_end(hits->out);
  json_object_end(hits->out);
  const char *text = json_out_text(hits->out, &size);
  intake_json(&hits->intake, text, size);
  g_clear_pointer(&hits->out, json_out_free);
  hits->out = json_out_new();
}

/* --- what was done ----------------------------------------------------------------------------------------- */

/* A category is one text or a list of up to five. */
static void put_category(JsonOut *out, JsonValue value) {
  JsonIter iter;
  Text unused, text = json_in_string(value);
  if (json_in_kind(value) == JSON_ARRAY) {
    json_in_walk(&iter, value);
    if (json_in_next(&iter, &unused, &value))
      text = json_in_string(value);
  }
  if (text.size == 0)
    return;
  json_key(out, "category");
  json_string_n(out, text.at, text.size);
}

static void put_item(JsonOut *out, JsonValue item) {
  static const char *const keys[ITEM_FIELDS] = {"product_id", "name", "category", "price", "quantity"};
  char buffer[JSON_NUMBER_SIZE];
  JsonIter iter;
  Text unused;
  JsonValue value;
  json_object(out);
  json_in_walk(&iter, item);
  for (guint i = 0; i < ITEM_FIELDS && json_in_next(&iter, &unused, &value); i++) {
    Text text = json_in_kind(value) == JSON_NUMBER ? json_in_number(value, buffer) : json_in_string(value);
    if (i == 2) {
      put_category(out, value);
    } else if (text.size) {
      json_key(out, keys[i]);
      if (i > 2 && decimal_is_canonical(text))
        json_raw(out, text.at, text.size);
      else
        json_string_n(out, text.at, text.size);
    }
  }
  json_object_end(out);
}

static gboolean put_products(const Hits *hits) {
  JsonIter iter;
  Text unused;
  JsonValue list, item;
  gboolean some = FALSE;
  g_autoptr(JsonIn) json = json_in_new(EVENT_SIZE_MAX);
  const char *text = get(hits, "ec_items");
  if (text == NULL || !json_in_parse(json, text, strlen(text), FALSE, &list, NULL) || json_in_kind(list) != JSON_ARRAY)
    return FALSE;
  json_key(hits->out, "products");
  json_array(hits->out);
  json_in_walk(&iter, list);
  for (; json_in_next(&iter, &unused, &item); some = TRUE)
    put_item(hits->out, item);
  json_array_end(hits->out);
  return some;
}

static void read_order(Hits *hits) {
  static const Pair pairs[] = {{"order_id", "ec_id", FALSE}, {"total", "revenue", TRUE},  {"subtotal", "ec_st", TRUE},
                               {"tax", "ec_tx", TRUE},       {"shipping", "ec_sh", TRUE}, {"discount", "ec_dt", TRUE}};
  begin(hits, "track", "Order Completed");
  PUT_PAIRS(hits, pairs);
  put_products(hits);
  finish(hits);
}

/* Matomo tells the whole cart, not what was done to it. */
static void read_cart(Hits *hits) {
  const char *items = get(hits, "ec_items");
  gboolean holds = items && strchr(items, '"') != NULL;
  begin(hits, "track", holds ? "Product Added" : "Product Removed");
  put_number(hits, "total", "revenue");
  put_products(hits);
  finish(hits);
}

static void read_goal(Hits *hits) {
  static const Pair pairs[] = {{"goal", "idgoal", TRUE}, {"revenue", "revenue", TRUE}};
  begin(hits, "track", "Goal Reached");
  PUT_PAIRS(hits, pairs);
  finish(hits);
}

static void read_action(Hits *hits) {
  static const Pair pairs[] = {{"category", "e_c"}, {"label", "e_n"}, {"value", "e_v", TRUE}};
  begin(hits, "track", get(hits, "e_a"));
  PUT_PAIRS(hits, pairs);
  finish(hits);
}

static void read_search(Hits *hits) {
  static const Pair pairs[] = {{"query", "search"}, {"category", "search_cat"}, {"results", "search_count", TRUE}};
  begin(hits, "track", "Products Searched");
  PUT_PAIRS(hits, pairs);
  finish(hits);
}

static void read_leaving(Hits *hits) {
  gboolean download = is_set(hits, "download");
  begin(hits, "track", download ? "File Downloaded" : "Link Clicked");
  put(hits, "url", download ? "download" : "link");
  finish(hits);
}

static void read_content(Hits *hits) {
  static const Pair pairs[] = {{"name", "c_n"}, {"creative", "c_p"}, {"url", "c_t"}, {"interaction", "c_i"}};
  begin(hits, "track", is_set(hits, "c_i") ? "Promotion Clicked" : "Promotion Viewed");
  PUT_PAIRS(hits, pairs);
  finish(hits);
}

/* A page may be that of a product or a category: two things that other trackers tell one by one. */
static void read_page(Hits *hits) {
  static const Pair page[] = {{"url", "url"}, {"referrer", "urlref"}, {"title", "action_name"}};
  static const Pair product[] = {{"product_id", "_pks"}, {"name", "_pkn"}, {"category", "_pkc"}, {"price", "_pkp", TRUE}};
  begin(hits, "page", NULL);
  PUT_PAIRS(hits, page);
  finish(hits);
  if (!is_set(hits, "_pks") && !is_set(hits, "_pkn") && !is_set(hits, "_pkc"))
    return;
  begin(hits, "track", is_set(hits, "_pks") || is_set(hits, "_pkn") ? "Product Viewed" : "Product List Viewed");
  PUT_PAIRS(hits, product);
  finish(hits);
}

/* Heartbeats, and the times of media, say that something goes on, not that something was done. */
static gboolean is_quiet(const Hits *hits) {
  return is_one(hits, "ping") || is_set(hits, "ma_id");
}

static void read_hit(Hits *hits) {
  const char *goal = get(hits, "idgoal");
  if (is_quiet(hits))
    return;
  if (g_strcmp0(goal, "0") == 0 || is_set(hits, "ec_id"))
    is_set(hits, "ec_id") ? read_order(hits) : read_cart(hits);
  else if (goal)
    read_goal(hits);
  else if (is_set(hits, "e_c") && is_set(hits, "e_a"))
    read_action(hits);
  else if (is_set(hits, "search"))
    read_search(hits);
  else if (is_set(hits, "link") || is_set(hits, "download"))
    read_leaving(hits);
  else if (is_set(hits, "c_n"))
    read_content(hits);
  else if (is_set(hits, "url") || is_set(hits, "action_name"))
    read_page(hits);
  else
    intake_refuse(&hits->intake, "a hit without url, action_name, event, goal or order");
}

/* --- requests ------------------------------------------------------------------------------------------------ */

static gboolean is_json(const CaptureRequest *request) {
  Text body = text_some(request->body);
  for (guint32 i = 0; i < body.size; i++)
    if (!g_ascii_isspace(body.at[i]))
      return body.at[i] == '{' || body.at[i] == '[';
  return FALSE;
}

/* One hit of a bulk request: an address, or an object of the parameters. */
static void form_of_value(Form *form, JsonValue value) {
  char buffer[JSON_NUMBER_SIZE];
  JsonIter iter;
  Text name;
  if (json_in_kind(value) == JSON_STRING) {
    Text query = text_some(json_in_string(value));
    const char *mark = memchr(query.at, '?', query.size);
    guint32 skip = mark ? (guint32)(mark - query.at) : 0;
    form_add_query(form, (Text){query.at + skip, query.size - skip});
    return;
  }
  json_in_walk(&iter, value);
  while (iter.object && json_in_next(&iter, &name, &value)) {
    Text text = json_in_kind(value) == JSON_NUMBER ? json_in_number(value, buffer) : json_in_string(value);
    g_autofree char *key = text_dup(name), *content = text_dup(text);
    form_add(form, key, content);
  }
}

static Form *form_of_request(const CaptureRequest *request) {
  Form *form = form_new();
  form_add_request(form, request);
  if (request->body.size && !is_json(request))
    form_add_query(form, request->body);
  return form;
}

static char *bulk_key(JsonValue root) {
  JsonIter iter;
  Text unused;
  JsonValue token, list, first;
  if (json_in_get(root, "token_auth", &token) && json_in_string(token).size)
    return text_dup(json_in_string(token));
  if (!json_in_get(root, "requests", &list) || json_in_kind(list) != JSON_ARRAY)
    return NULL;
  json_in_walk(&iter, list);
  if (!json_in_next(&iter, &unused, &first))
    return NULL;
  g_autoptr(Form) form = form_new();
  form_of_value(form, first);
  const char *key = form_get(form, "token_auth");
  return g_strdup(key ? key : form_get(form, "idsite"));
}

static char *read_key(const CaptureRequest *request, JsonIn *json) {
  JsonValue root;
  g_autoptr(Form) form = form_of_request(request);
  const char *key = form_get(form, "token_auth");
  if (key == NULL)
    key = form_get(form, "idsite");
  if (key || !is_json(request) || !json_in_parse(json, request->body.at, request->body.size, TRUE, &root, NULL))
    return g_strdup(key);
  return bulk_key(root);
}

static void write_bulk_reply(CaptureReply *reply, guint tracked, GArray *invalid) {
  g_autoptr(JsonOut) out = json_out_new();
  json_object(out);
  json_kv_string(out, "status", "success");
  json_kv_int(out, "tracked", tracked);
  json_kv_int(out, "invalid", invalid->len);
  json_key(out, "invalid_indices");
  json_array(out);
  for (guint i = 0; i < invalid->len; i++)
    json_int(out, g_array_index(invalid, guint, i));
  json_array_end(out);
  json_object_end(out);
  capture_reply_json(reply, 200, out);
}

static gboolean read_bulk(Hits *hits, JsonValue root, GError **error) {
  JsonIter iter;
  Text unused;
  JsonValue list = root, item;
  g_autoptr(Form) form = form_new();
  g_autoptr(GArray) invalid = g_array_new(FALSE, FALSE, sizeof(guint));
  guint n = 0;
  if (json_in_kind(root) == JSON_OBJECT && !json_in_get(root, "requests", &list))
    return error_set(error, ERROR_INVALID, "the body has no \"requests\"\nhint: {\"requests\": [\"?idsite=...&rec=1&url=...\"]}");
  json_in_walk(&iter, list);
  hits->form = form;
  for (; json_in_next(&iter, &unused, &item); n++) {
    guint before = hits->intake.reply->refused;
    form_clear(form);
    form_of_value(form, item);
    read_hit(hits);
    if (hits->intake.reply->refused > before)
      g_array_append_val(invalid, n);
  }
  write_bulk_reply(hits->intake.reply, n - invalid->len, invalid);
  return intake_end(&hits->intake, error);
}

static gboolean read_one(Hits *hits, const CaptureRequest *request, CaptureReply *reply, GError **error) {
  g_autoptr(Form) form = form_of_request(request);
  hits->form = form;
  read_hit(hits);
  if (g_strcmp0(form_get(form, "send_image"), "0") == 0)
    reply->status = 204;
  else
    capture_reply_gif(reply);
  return intake_end(&hits->intake, error);
}

static gboolean read_request(CaptureWorker *worker, const CaptureRequest *request, Submission *submission, CaptureReply *reply,
                             GError **error) {
  Hits hits;
  JsonValue root;
  gboolean good;
  intake_begin(&hits.intake, worker, request, submission, reply);
  hits.out = json_out_new();
  if (is_json(request))
    good = json_in_parse(worker->json, request->body.at, request->body.size, TRUE, &root, error) && read_bulk(&hits, root, error);
  else
    good = read_one(&hits, request, reply, error);
  json_out_free(hits.out);
  return good;
}

static const char *const paths[] = {"/matomo.php", "/piwik.php", NULL};

const Protocol matomo_protocol = {.name = "matomo", .paths = paths, .simple = TRUE, .key = read_key, .read = read_request};
