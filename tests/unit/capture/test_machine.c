/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/machine.h"

static const HashKey key = {{1}};

static void test_humans(void) {
  static const char *const agents[] = {
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
      "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 "
      "Safari/604.1",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
      "Instagram 331.0.0.37.90 (iPhone14,5; iOS 17_5_1)",
      "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
      "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36 "
      "Telegram-Android/11.2.2",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
      "[Pinterest/iOS]",
      "Mozilla/5.0 (Linux; Android 13; V2109 Build/TP1A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/119.0 Mobile "
      "Safari/537.36 [FB_IAB/FB4A;FBAV/440.0.0.32.110;]",
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Thunderbird/115.4.1",
      "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.14326; Pro)",
      "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"};
  g_autoptr(Machines) machines = machines_new(&key);
  for (guint i = 0; i < G_N_ELEMENTS(agents); i++)
    for (MachineAct act = MACHINE_BROWSING; act <= MACHINE_LOADING; act++)
      if (machine_by_agent(machines, text_of(agents[i]), act))
        g_error("flagged as %s: %s", machine_by_agent(machines, text_of(agents[i]), act), agents[i]);
}

static void test_machines(void) {
  static const struct {
    const char *agent, *browsing, *following, *loading;
  } rows[] = {
      {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "bot", "bot", "bot"},
      {"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "bot", "bot", "bot"},
      {"WhatsApp/2.23.20.0", "bot", "bot", "bot"},
      {"curl/8.5.0", NULL, "bot", "bot"},
      {"python-requests/2.31.0", NULL, "bot", "bot"},
      {"okhttp/4.12.0", NULL, NULL, NULL},
      {"Mozilla/5.0", NULL, "bot", "prefetch"},
      {"YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "bot", "bot", "prefetch"},
      {"Barracuda Sentinel (EE)", NULL, "scanner", "scanner"},
      {"Microsoft Office Existence Discovery", NULL, "scanner", "scanner"},
      {"", NULL, "bot", "prefetch"},
  };
  g_autoptr(Machines) machines = machines_new(&key);
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    Text agent = text_of(rows[i].agent);
    g_assert_cmpstr(machine_by_agent(machines, agent, MACHINE_BROWSING), ==, rows[i].browsing);
    g_assert_cmpstr(machine_by_agent(machines, agent, MACHINE_FOLLOWING), ==, rows[i].following);
    g_assert_cmpstr(machine_by_agent(machines, agent, MACHINE_LOADING), ==, rows[i].loading);
  }
}

static void test_haste(void) {
  g_autoptr(Machines) machines = machines_new(&key);
  g_assert_false(machine_in_haste(machines, "user:anna", "hero", 1000));
  g_assert_false(machine_in_haste(machines, "user:anna", "hero", 1200)); /* a double click */
  g_assert_true(machine_in_haste(machines, "user:anna", "footer", 1400));
  g_assert_false(machine_in_haste(machines, "user:bob", "footer", 1500));
  g_assert_false(machine_in_haste(machines, "user:anna", "hero", 2400));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/machine/browsers, in-app browsers and mail programs are humans", test_humans);
  g_test_add_func("/machine/machines are known by their agents, each for what it does", test_machines);
  g_test_add_func("/machine/two links at once is no hand", test_haste);
  return g_test_run();
}
