// SPDX-License-Identifier: Apache-2.0
#include "wire/address.h"
#include <arpa/inet.h>

/* --- keys -------------------------------------------------------------------------------------- */

/* The last part, in small letters without separators: "context.Client-IP" is "clientip". */
static guint plain_key(Text key, char plain[32], gboolean *word) {
  guint n = 0;
  guint32 at = key.size;
  while (at > 0 && key.at[at - 1] != '.')
    at--;
  *word = FALSE;
  for (guint32 i = at; i < key.size; i++) {
    char c = key.at[i];
    gboolean begins = i == at || !g_ascii_isalnum(key.at[i - 1]) || (g_ascii_isupper(c) && g_ascii_islower(key.at[i - 1]));
    gboolean is_ip = begins && i + 2 <= key.size && (c == 'i' || c == 'I') && (key.at[i + 1] == 'p' || key.at[i + 1] == 'P');
    *word = *word || (is_ip && (i + 2 == key.size || !g_ascii_islower(key.at[i + 2])));
    if (!g_ascii_isalnum(c))
      continue;
    if (n == 31)
      return 0;
    plain[n++] = g_ascii_tolower(c);
  }
  plain[n] = '\0';
  return n;
}

/* All of them hold one of these, so most keys are told by one look. Without a branch, that 16 bytes are looked at together:
 * this sees every property of every event. */
gboolean address_may_be_in(Text key) {
  gboolean found = FALSE;
  for (guint32 i = 0; i + 1 < key.size; i++) {
    guint8 a = (guint8)key.at[i] | 0x20, b = (guint8)key.at[i + 1] | 0x20; /* small, if they are letters */
    found |= ((a == 'i') & (b == 'p')) | ((a == 'd') & (b == 'r')) | ((a == 'f') & (b == 'o'));
  }
  return found;
}

gboolean address_is_key(Text key) {
  static const char *const names[] = {"ipaddress",  "ipaddr",     "ips",           "clientip",   "remoteip",      "userip",
                                      "visitorip",  "sourceip",   "ipv4",          "ipv6",       "cip",           "uip",
                                      "realip",     "remoteaddr", "remoteaddress", "clientaddr", "xforwardedfor", "forwardedfor",
                                      "ipoverride", "lastip",     "signupip",      "loginip",    "serverip",      "hostip"};
  char plain[32];
  gboolean word;
  if (!address_may_be_in(key) || plain_key(key, plain, &word) == 0)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(names) && !word; i++)
    word = strcmp(plain, names[i]) == 0;
  return word;
}

/* --- addresses --------------------------------------------------------------------------------- */

enum { ADDRESS_MAX = 64 };

/* Where the address itself stands in "[::1]:443" and "192.0.2.7:80". */
static Text without_port(Text text) {
  if (text.size && *text.at == '[') {
    const char *end = memchr(text.at, ']', text.size);
    return end ? (Text){text.at + 1, (guint32)(end - text.at - 1)} : text;
  }
  const char *colon = memchr(text.at, ':', text.size);
  gboolean port =
      colon && memchr(text.at, '.', (gsize)(colon - text.at)) && !memchr(colon + 1, ':', text.size - (gsize)(colon - text.at) - 1);
  return port ? (Text){text.at, (guint32)(colon - text.at)} : text;
}

static gboolean cut_one(Text text, char cut[INET6_ADDRSTRLEN]) {
  char whole[ADDRESS_MAX];
  guint8 bytes[16];
  Text address = text.size ? without_port(text) : text;
  if (address.size == 0 || address.size >= ADDRESS_MAX)
    return FALSE;
  memcpy(whole, address.at, address.size);
  whole[address.size] = '\0';
  whole[strcspn(whole, "%/")] = '\0'; /* a zone, a network */
  if (inet_pton(AF_INET, whole, bytes) == 1) {
    bytes[3] = 0;
    return inet_ntop(AF_INET, bytes, cut, INET6_ADDRSTRLEN) != NULL;
  }
  if (inet_pton(AF_INET6, whole, bytes) != 1)
    return FALSE;
  if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(gconstpointer)bytes))
    bytes[15] = 0;
  else
    memset(bytes + 6, 0, 10);
  return inet_ntop(AF_INET6, bytes, cut, INET6_ADDRSTRLEN) != NULL;
}

static gboolean separates(char c) {
  return c == ',' || c == ';' || c == ' ' || c == '\t';
}

guint32 address_cut(Text text, char *out) {
  guint32 n = 0;
  gboolean any = FALSE;
  for (guint32 at = 0; at < text.size;) {
    guint32 end = at;
    while (end < text.size && !separates(text.at[end]))
      end++;
    char cut[INET6_ADDRSTRLEN];
    Text part = {text.at + at, end - at};
    gboolean is_address = cut_one(part, cut) && strlen(cut) <= part.size;
    if (is_address)
      part = text_of(cut);
    memcpy(out + n, part.at, part.size);
    n += part.size;
    any = any || is_address;
    for (at = end; at < text.size && separates(text.at[at]); at++)
      out[n++] = text.at[at];
  }
  return any ? n : 0;
}

/* --- within JSON ------------------------------------------------------------------------------- */

/* The end of a string that begins at `at`, behind its closing quote. */
static guint32 string_end(Text json, guint32 at) {
  for (at++; at < json.size && json.at[at] != '"'; at++)
    if (json.at[at] == '\\')
      at++;
  return MIN(at + 1, json.size);
}

static guint32 skip_blanks(Text json, guint32 at) {
  while (at < json.size && g_ascii_isspace(json.at[at]))
    at++;
  return at;
}

enum { DEPTH_MAX = 64 };

typedef struct {
  gboolean below[DEPTH_MAX + 1]; /* by depth: a key above names addresses */
  gboolean next;                 /* so does the key of the next value */
  guint depth;                   /* what is deeper counts as if it stood at DEPTH_MAX */
} Where;

static void step(Where *where, char c) {
  if (c == '{' || c == '[')
    where->depth++;
  if (where->depth && (c == '}' || c == ']'))
    where->depth--;
  guint depth = MIN(where->depth, (guint)DEPTH_MAX);
  if (c == '{' || c == '[')
    where->below[depth] = where->next;
  if (c == ',')
    where->next = where->below[depth];
}

/* Strings below a key of addresses are cut, however deep. */
guint32 address_cut_json(Text json, gboolean under, char *out) {
  Where where = {.below = {under}, .next = under};
  gboolean any = FALSE;
  guint32 n = 0;
  for (guint32 at = 0; at < json.size;) {
    char c = json.at[at];
    if (c != '"') {
      step(&where, c);
      out[n++] = c;
      at++;
      continue;
    }
    guint32 end = string_end(json, at), behind = skip_blanks(json, end);
    Text text = {json.at + at + 1, end - at >= 2 ? end - at - 2 : 0};
    gboolean key = behind < json.size && json.at[behind] == ':';
    guint32 size = !key && where.next ? address_cut(text, out + n + 1) : 0;
    if (key)
      where.next = where.below[MIN(where.depth, (guint)DEPTH_MAX)] || address_is_key(text);
    if (size) {
      out[n] = '"';
      out[n + size + 1] = '"';
      n += size + 2;
      any = TRUE;
    } else {
      memcpy(out + n, json.at + at, end - at);
      n += end - at;
    }
    at = end;
  }
  return any ? n : 0;
}
