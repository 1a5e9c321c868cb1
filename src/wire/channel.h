/* SPDX-License-Identifier: Apache-2.0
 * channel.h: which channel brought an event: what it states itself, else the project's rules, else GA4's
 * default channel grouping in its order. docs/channels.md has the table. */
#pragma once
#include "base/text.h"

typedef struct { /* all may be empty; borrowed */
  Text channel;  /* stated explicitly */
  Text source, medium, campaign, content, term;
  Text referrer; /* of the page, whole address or host */
  Text url;      /* of the page: its utm_ parameters and click ids count where the above are empty */
  gboolean web;  /* without any evidence such an event is `direct`, others `unassigned` */
} ChannelEvidence;

/* The project's rules: return an empty Text to leave it to the grouping. */
typedef struct {
  Text (*find)(const ChannelEvidence *evidence, gpointer user);
  gpointer user;
} ChannelHook;

/* Never empty; a static text, the hook's, or evidence->channel. Replaces in `evidence` what was read from
 * the address: utm fields (percent-decoded into `scratch`, which lives as long as the evidence). */
enum { CHANNEL_SCRATCH = 2048 };
Text channel_find(ChannelEvidence *evidence, const ChannelHook *hook, char scratch[CHANNEL_SCRATCH]);
