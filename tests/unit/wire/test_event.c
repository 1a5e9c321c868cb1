/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/event.h"

static void test_clear(void) {
  g_autofree Event *event = g_new(Event, 1);
  memset(event, 0xff, sizeof *event);
  event_clear(event);
  g_assert_cmpint(event->time_ms, ==, 0);
  g_assert_true(event->call == CALL_TRACK && event->initiator == INITIATOR_CUSTOMER);
  g_assert_false(event->touch || event->web || event->converses || event->has_value || event->has_alias);
  const Text texts[] = {event->id, event->name, event->channel, event->touchpoint, event->campaign_mark, event->currency};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    g_assert_true(texts[i].at == NULL && texts[i].size == 0);
  g_assert_cmpint(event->value_micro, ==, 0);
  g_assert_cmpuint(event->n_identifiers, ==, 0);
  g_assert_cmpuint(event->n_properties, ==, 0);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/event/cleared, it says nothing", test_clear);
  return g_test_run();
}
