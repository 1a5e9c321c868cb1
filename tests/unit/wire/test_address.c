/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/address.h"

static void check(const char *given, const char *expected) {
  char out[256];
  guint32 size = address_cut(text_of(given), out);
  g_autofree char *cut = size ? g_strndup(out, size) : g_strdup(given);
  g_assert_cmpuint(size, <=, strlen(given));
  g_assert_cmpstr(cut, ==, expected);
}

static void test_addresses(void) {
  check("192.0.2.147", "192.0.2.0");
  check("192.0.2.147:8080", "192.0.2.0");
  check("2001:db8:aa:bb:1:2:3:4", "2001:db8:aa::");
  check("[2001:db8:aa:bb::1]:443", "2001:db8:aa::");
  check("fe80::1%eth0", "fe80::");
  check("::ffff:192.0.2.147", "::ffff:192.0.2.0");
  check("::1", "::");
  check("192.0.2.147, 198.51.100.9", "192.0.2.0, 198.51.100.0"); /* a chain of proxies */
  check("unknown, 192.0.2.147", "unknown, 192.0.2.0");
}

static void test_others(void) {
  static const char *const others[] = {"", "office", "1.2.3", "1.2.3.4.5", "300.1.1.1", "12:30", "de", "::", "10.0.0.0"};
  for (guint i = 0; i < G_N_ELEMENTS(others); i++)
    check(others[i], others[i]);
}

static void test_keys(void) {
  static const char *const keys[] = {"ip",
                                     "properties.ip",
                                     "properties.IP",
                                     "context.client_ip",
                                     "traits.lastIp",
                                     "x.ipAddress",
                                     "properties.ip-address",
                                     "properties.remote_addr",
                                     "a.X-Forwarded-For",
                                     "a.ips",
                                     "a.clientIP",
                                     "a.IPv4",
                                     "properties.cip"};
  static const char *const others[] = {
      "properties.zip",   "properties.ship",    "properties.recipe",   "properties.tips", "properties.address",
      "properties.equip", "properties.version", "properties.shipping", "ip.country",      ""};
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
    if (!address_is_key(text_of(keys[i])))
      g_error("%s", keys[i]);
  for (guint i = 0; i < G_N_ELEMENTS(others); i++)
    if (address_is_key(text_of(others[i])))
      g_error("%s", others[i]);
}

static void check_json(const char *given, gboolean under, const char *expected) {
  char out[512];
  guint32 size = address_cut_json(text_of(given), under, out);
  g_autofree char *cut = size ? g_strndup(out, size) : g_strdup(given);
  g_assert_cmpstr(cut, ==, expected);
}

static void test_json(void) {
  check_json("{\"client\":{\"ip\":\"192.0.2.147\",\"v\":\"1.2.3.4\"},\"w\":\"1.2.3.4\"}", FALSE,
             "{\"client\":{\"ip\":\"192.0.2.0\",\"v\":\"1.2.3.4\"},\"w\":\"1.2.3.4\"}");
  check_json("{\"ips\":[\"192.0.2.147\",{\"deep\":\"2001:db8::1\"}],\"next\":\"1.2.3.4\"}", FALSE,
             "{\"ips\":[\"192.0.2.0\",{\"deep\":\"2001:db8::\"}],\"next\":\"1.2.3.4\"}");
  check_json("[\"192.0.2.147\",\"a\\\"b\"]", TRUE, "[\"192.0.2.0\",\"a\\\"b\"]");
  check_json("{\"zip\":\"1.2.3.4\",\"a\":\"\\\"ip\\\":\",\"b\":\"1.2.3.4\"}", FALSE,
             "{\"zip\":\"1.2.3.4\",\"a\":\"\\\"ip\\\":\",\"b\":\"1.2.3.4\"}");
  check_json("{\"ip\":", FALSE, "{\"ip\":"); /* cut off: nothing is read past the end */
  check_json("{\"ip\":\"192.0.2.1", FALSE, "{\"ip\":\"192.0.2.1");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/address/addresses are cut to their network", test_addresses);
  g_test_add_func("/address/what is none stays", test_others);
  g_test_add_func("/address/keys of addresses are known in every spelling", test_keys);
  g_test_add_func("/address/within JSON only what stands below such a key is cut", test_json);
  return g_test_run();
}
