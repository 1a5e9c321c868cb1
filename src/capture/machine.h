/* SPDX-License-Identifier: Apache-2.0
 * machine.h: who asks is no human: crawlers, scanners that follow the links of mails, proxies that load a mail's
 * pictures before anybody reads it. Rules over user agents, and a short memory of who followed which links when.
 * docs/links.md says what is known by what. */
#pragma once
#include "base/hash.h"
#include "base/text.h"

typedef struct Machines Machines; /* any thread */

typedef enum { MACHINE_BROWSING, MACHINE_FOLLOWING, MACHINE_LOADING } MachineAct;

Machines *machines_new(const HashKey *key);
void machines_free(Machines *machines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Machines, machines_free)

/* "bot", "scanner" or "prefetch" by the user agent; NULL for a human as far as one can tell. Libraries and tools may
 * report what humans do (BROWSING), but do not read mails (FOLLOWING a link, LOADING a picture). */
const char *machine_by_agent(const Machines *machines, Text user_agent, MachineAct act);

enum { MACHINE_HASTE_MS = 1000 };
/* Remembers that `who` followed the link `what`: TRUE when they followed another one less than MACHINE_HASTE_MS ago,
 * as no hand does. Memory is bounded: who came long ago, or collides with somebody, is forgotten. */
gboolean machine_in_haste(Machines *machines, const char *who, const char *what, gint64 now_ms);
