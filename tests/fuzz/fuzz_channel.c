// SPDX-License-Identifier: Apache-2.0
// Whatever the addresses (lines: referrer, address of the page, source, medium, campaign): one of the known
// channels, and decoded fields that are UTF-8 where the address was.
#include "base/json_in.h"
#include "wire/channel.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static Text take_line(Text *rest) {
  const char *newline = rest->size ? memchr(rest->at, '\n', rest->size) : NULL;
  Text line = {rest->at, newline ? (guint32)(newline - rest->at) : rest->size};
  guint32 taken = line.size + (newline != NULL);
  *rest = (Text){rest->at + taken, rest->size - taken};
  return line;
}

static gboolean is_known(Text channel) {
  static const char *const known[] = {
      "direct",    "cross_network", "paid_shopping",    "paid_search",    "paid_social",   "paid_video",
      "display",   "paid_other",    "organic_shopping", "organic_social", "organic_video", "organic_search",
      "referral",  "email",         "affiliates",       "audio",          "sms",           "mobile_push_notifications",
      "unassigned"};
  for (guint i = 0; i < G_N_ELEMENTS(known); i++)
    if (text_is(channel, known[i]))
      return TRUE;
  return FALSE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char scratch[CHANNEL_SCRATCH];
  g_autofree char *exact = g_memdup2(data, size);
  Text rest = text_some((Text){exact, (guint32)size});
  ChannelEvidence evidence = {.web = size & 1};
  evidence.referrer = take_line(&rest);
  evidence.url = take_line(&rest);
  evidence.source = take_line(&rest);
  evidence.medium = take_line(&rest);
  evidence.campaign = take_line(&rest);
  g_assert_true(is_known(channel_find(&evidence, NULL, scratch)));
  if (utf8_valid(exact, size))
    g_assert_true(utf8_valid(evidence.term.at, evidence.term.size) && utf8_valid(evidence.campaign.at, evidence.campaign.size));
  return 0;
}
