/* SPDX-License-Identifier: Apache-2.0
 * address.h: addresses of computers are cut to their network (/24, /48) before anything is kept. */
#pragma once
#include "base/text.h"

/* The key of a field that holds one: its last part has the word ip ("properties.ip", "context.client_ip", "traits.lastIp") or is
 * one of the usual names (remote_addr, x-forwarded-for, cip, uip). About 5 ns where it is none. */
gboolean address_is_key(Text key);
gboolean address_may_be_in(Text json); /* FALSE: no key in it is one; at the cost of a look at each byte */
/* Cuts every address of a list ("192.0.2.7, 10.0.0.1:80"); what is none stays. `out` has room for text.size bytes and is written
 * only when something was cut; returns its size, 0 when nothing was. */
guint32 address_cut(Text text, char *out);
/* The same of every member of an object or array whose key address_is_key(); `under`: of the text itself. */
guint32 address_cut_json(Text json, gboolean under, char *out);
