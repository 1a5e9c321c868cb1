/* SPDX-License-Identifier: Apache-2.0
 * The same act, whoever tells of it, makes the same event: name, call, time, channel, value, identifiers. */
#include "desk.h"

#define ID "0123456789abcdef"

typedef struct {
  const char *segment, *matomo, *ga4;
} Act;

static const Act acts[] = {
    {"{\"type\":\"page\",\"anonymousId\":\"" ID "\",\"timestamp\":\"2025-12-20T08:00:00Z\",\"context\":{\"page\":{\"url\":"
     "\"https://a.de/?utm_source=news&utm_medium=email&utm_campaign=x\"}}}",
     "_id=" ID "&cdt=1766217600&url=https%3A%2F%2Fa.de%2F%3Futm_source%3Dnews%26utm_medium%3Demail%26utm_campaign%3Dx",
     "{\"name\":\"page_view\",\"params\":{\"page_location\":\"https://a.de/?utm_source=news&utm_medium=email&utm_campaign=x\"}}"},
    {"{\"type\":\"track\",\"event\":\"Product Viewed\",\"anonymousId\":\"" ID "\",\"timestamp\":\"2025-12-20T08:00:00Z\","
     "\"properties\":{\"product_id\":\"S1\"}}",
     "_id=" ID "&cdt=1766217600&e_c=shop&e_a=view_item", "{\"name\":\"view_item\",\"params\":{\"items\":[{\"item_id\":\"S1\"}]}}"},
    {"{\"type\":\"track\",\"event\":\"Products Searched\",\"anonymousId\":\"" ID "\",\"timestamp\":\"2025-12-20T08:00:00Z\","
     "\"properties\":{\"query\":\"shoe\"}}",
     "_id=" ID "&cdt=1766217600&search=shoe", "{\"name\":\"search\",\"params\":{\"search_term\":\"shoe\"}}"},
    {"{\"type\":\"track\",\"event\":\"Order Completed\",\"anonymousId\":\"" ID "\",\"timestamp\":\"2025-12-20T08:00:00Z\","
     "\"properties\":{\"order_id\":\"A-1\",\"total\":59.8}}",
     "_id=" ID "&cdt=1766217600&idgoal=0&ec_id=A-1&revenue=59.8",
     "{\"name\":\"purchase\",\"params\":{\"transaction_id\":\"A-1\",\"value\":59.8}}"},
    {"{\"type\":\"track\",\"event\":\"Signed In\",\"userId\":\"anna\",\"anonymousId\":\"" ID
     "\",\"timestamp\":\"2025-12-20T08:00:00Z\"}",
     "_id=" ID "&uid=anna&cdt=1766217600&e_c=account&e_a=login", "{\"name\":\"login\"}"}};

/* All but the properties. */
static char *facts(const Desk *desk) {
  const char *line = desk_line(desk, 0);
  g_assert_cmpuint(desk->submission.lines->len, ==, 1);
  return g_strndup(line, (gsize)(strrchr(line, '|') - line));
}

static char *send(Desk *desk, const Protocol *protocol, const char *address, const char *body) {
  desk_clear(desk);
  gboolean taken = desk_send(desk, protocol, body ? "POST" : "GET", address, body);
  g_assert_no_error(desk->error);
  g_assert_true(taken);
  return facts(desk);
}

static void test_same(void) {
  Desk desk;
  desk_open(&desk, "");
  for (guint i = 0; i < G_N_ELEMENTS(acts); i++) {
    gboolean user = strstr(acts[i].segment, "userId") != NULL;
    g_autofree char *address = g_strconcat("/matomo.php?idsite=k&rec=1&", acts[i].matomo, NULL);
    g_autofree char *body = g_strdup_printf("{\"client_id\":\"" ID "\",%s\"timestamp_micros\":1766217600000000,\"events\":[%s]}",
                                            user ? "\"user_id\":\"anna\"," : "", acts[i].ga4);
    g_autofree char *segment = send(&desk, &segment_protocol, "/v1/track", acts[i].segment);
    g_autofree char *matomo = send(&desk, &matomo_protocol, address, NULL);
    g_autofree char *ga4 = send(&desk, &ga4_protocol, "/mp/collect", body);
    g_assert_cmpstr(matomo, ==, segment);
    g_assert_cmpstr(ga4, ==, segment);
  }
  desk_close(&desk);
}

static void test_listed(void) {
  g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal), paths = g_hash_table_new(g_str_hash, g_str_equal);
  for (const Protocol *const *p = protocols(); *p; p++) {
    g_assert_true(g_hash_table_add(names, (gpointer)(*p)->name));
    g_assert_nonnull((*p)->read);
    for (const char *const *path = (*p)->paths; *path; path++)
      g_assert_true(**path == '/' && g_hash_table_add(paths, (gpointer)*path));
  }
  g_assert_true(g_hash_table_contains(names, "segment") && g_hash_table_contains(names, "matomo") &&
                g_hash_table_contains(names, "ga4"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/protocols/the same act makes the same event", test_same);
  g_test_add_func("/protocols/each has a name and paths of its own", test_listed);
  return g_test_run();
}
