// SPDX-License-Identifier: Apache-2.0
// A token is Base64 (of addresses) of tag and ciphertext. The tag is a keyed hash of the plain text and at the same
// time the nonce it is enciphered with, so equal links give equal tokens and no nonce is ever used for two texts.
// The plain text: version, kind, then the fields in order, each ended by a zero byte.
#include "capture/signed_link.h"

#include "base/error.h"
#include <sodium.h>
#include <stddef.h>
#include <string.h>

enum { TAG_SIZE = 16, VERSION = 1, HEAD_SIZE = 2, PLAIN_SIZE_MAX = LINK_TOKEN_MAX / 4 * 3 };

static const size_t fields[] = {offsetof(SignedLink, target),  offsetof(SignedLink, name),   offsetof(SignedLink, channel),
                                offsetof(SignedLink, source),  offsetof(SignedLink, medium), offsetof(SignedLink, campaign),
                                offsetof(SignedLink, content), offsetof(SignedLink, term),   offsetof(SignedLink, touchpoint),
                                offsetof(SignedLink, person),  offsetof(SignedLink, event)};

static char **field(const SignedLink *link, guint i) {
  return (char **)(void *)((char *)link + fields[i]);
}

void signed_link_free(SignedLink *link) {
  if (link == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
    g_free(*field(link, i));
  g_free(link);
}

/* --- what may be linked to ------------------------------------------------------------------------------- */

static gboolean check_target(const char *target, GError **error) {
  g_autoptr(GError) invalid = NULL;
  for (const char *c = target; *c; c++)
    if ((guchar)*c <= 0x20 || (guchar)*c >= 0x7f || *c == '\\')
      return error_set(error, ERROR_INVALID,
                       "the target holds a blank, a backslash or what is no plain letter\nhint: write them as %%20, %%5C");
  g_autoptr(GUri) uri = g_uri_parse(target, G_URI_FLAGS_ENCODED, &invalid);
  if (uri == NULL)
    return error_set(error, ERROR_INVALID, "the target %s is no address: %s", target, invalid->message);
  const char *scheme = g_uri_get_scheme(uri), *host = g_uri_get_host(uri);
  if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
    return error_set(error, ERROR_INVALID, "the target %s is no web address\nhint: it begins with https://", target);
  if (host == NULL || *host == '\0' || g_uri_get_userinfo(uri))
    return error_set(error, ERROR_INVALID, "the target %s needs a host, and no user name before it", target);
  return TRUE;
}

gboolean signed_link_check(const SignedLink *link, GError **error) {
  if (link->name == NULL || *link->name == '\0')
    return error_set(error, ERROR_INVALID, "the link has no name\nhint: --name newsletter-may-hero");
  if (link->kind == LINK_REDIRECT && (link->target == NULL || strlen(link->target) > LINK_TARGET_MAX))
    return error_set(error, ERROR_INVALID, "the link needs a target of at most %d bytes", LINK_TARGET_MAX);
  for (guint i = 1; i < G_N_ELEMENTS(fields); i++) {
    const char *text = *field(link, i);
    if (text && (strlen(text) > LINK_FIELD_MAX || !g_utf8_validate(text, -1, NULL)))
      return error_set(error, ERROR_INVALID, "a field of the link is no text of at most %d bytes: %.40s", LINK_FIELD_MAX, text);
  }
  if (link->person && strchr(link->person, ':') == NULL)
    return error_set(error, ERROR_INVALID, "the person %s has no namespace\nhint: user:anna, email:anna@example.com", link->person);
  return link->kind == LINK_PIXEL || check_target(link->target, error);
}

static gboolean has_parameter(const char *query, const char *name) {
  gsize size = strlen(name);
  for (const char *at = query; at && *at; at = strchr(at, '&'), at = at ? at + 1 : NULL)
    if (strncmp(at, name, size) == 0 && at[size] == '=')
      return TRUE;
  return FALSE;
}

char *signed_link_tagged(const SignedLink *link) {
  const struct {
    const char *name, *value;
  } tags[] = {{"utm_source", link->source},
              {"utm_medium", link->medium},
              {"utm_campaign", link->campaign},
              {"utm_content", link->content},
              {"utm_term", link->term}};
  gsize size = strcspn(link->target, "#");
  g_autoptr(GString) out = g_string_new_len(link->target, (gssize)size);
  const char *query = strchr(out->str, '?');
  g_autofree char *given = g_strdup(query ? query + 1 : "");
  gboolean first = query == NULL;
  for (guint i = 0; i < G_N_ELEMENTS(tags); i++) {
    if (tags[i].value == NULL || has_parameter(given, tags[i].name))
      continue;
    g_string_append_printf(out, "%s%s=", first ? "?" : "&", tags[i].name);
    g_string_append_uri_escaped(out, tags[i].value, NULL, FALSE);
    first = FALSE;
  }
  g_string_append(out, link->target + size);
  return g_string_free(g_steal_pointer(&out), FALSE);
}

/* --- sealing --------------------------------------------------------------------------------------------- */

typedef struct {
  guint8 mac[32], cipher[32];
} Keys;

static Keys derive(const HashKey *key) {
  static const char purpose[] = "etappe signed link";
  Keys keys;
  crypto_generichash((guint8 *)&keys, sizeof keys, (const guint8 *)purpose, sizeof purpose, key->bytes, sizeof key->bytes);
  return keys;
}

static void make_tag(const Keys *keys, const guint8 *plain, gsize size, guint8 tag[TAG_SIZE]) {
  crypto_generichash(tag, TAG_SIZE, plain, size, keys->mac, sizeof keys->mac);
}

static void encipher(const Keys *keys, const guint8 tag[TAG_SIZE], guint8 *text, gsize size) {
  guint8 nonce[crypto_stream_xchacha20_NONCEBYTES] = {0};
  memcpy(nonce, tag, TAG_SIZE);
  crypto_stream_xchacha20_xor(text, text, size, nonce, keys->cipher);
}

char *signed_link_write(const SignedLink *link, const HashKey *key) {
  Keys keys = derive(key);
  g_autoptr(GByteArray) out = g_byte_array_sized_new(256);
  const guint8 head[HEAD_SIZE] = {VERSION, (guint8)link->kind};
  g_byte_array_set_size(out, TAG_SIZE);
  g_byte_array_append(out, head, sizeof head);
  for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
    const char *text = *field(link, i) ? *field(link, i) : "";
    g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text) + 1);
  }
  while (out->len > TAG_SIZE + HEAD_SIZE && out->data[out->len - 1] == 0) /* empty fields at the end go without saying */
    g_byte_array_set_size(out, out->len - 1);
  make_tag(&keys, out->data + TAG_SIZE, out->len - TAG_SIZE, out->data);
  encipher(&keys, out->data, out->data + TAG_SIZE, out->len - TAG_SIZE);
  gsize size = sodium_base64_encoded_len(out->len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  char *token = g_malloc(size);
  sodium_bin2base64(token, size, out->data, out->len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  return token;
}

static SignedLink *parse(const guint8 *plain, gsize size) {
  SignedLink *link = g_new0(SignedLink, 1);
  const char *at = (const char *)plain + HEAD_SIZE, *end = (const char *)plain + size;
  link->kind = (SignedLinkKind)plain[1];
  for (guint i = 0; i < G_N_ELEMENTS(fields) && at < end; i++) {
    const char *stop = memchr(at, '\0', (gsize)(end - at));
    gsize length = (gsize)((stop ? stop : end) - at);
    *field(link, i) = length ? g_strndup(at, length) : NULL;
    at += length + 1;
  }
  return link;
}

SignedLink *signed_link_read(const char *token, gsize size, const HashKey *key, GError **error) {
  static const char unknown[] = "there is no such link\nhint: links are made by `etappe link create`, with this project's key";
  Keys keys = derive(key);
  guint8 tag[TAG_SIZE];
  gsize length = 0;
  if (size > LINK_TOKEN_MAX) {
    error_set(error, ERROR_NOT_FOUND, "%s", unknown);
    return NULL;
  }
  g_autofree guint8 *bytes = g_malloc(PLAIN_SIZE_MAX);
  if (sodium_base642bin(bytes, PLAIN_SIZE_MAX, token, size, NULL, &length, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
      length < TAG_SIZE + HEAD_SIZE) {
    error_set(error, ERROR_NOT_FOUND, "%s", unknown);
    return NULL;
  }
  encipher(&keys, bytes, bytes + TAG_SIZE, length - TAG_SIZE);
  make_tag(&keys, bytes + TAG_SIZE, length - TAG_SIZE, tag);
  if (sodium_memcmp(tag, bytes, TAG_SIZE) != 0 || bytes[TAG_SIZE] != VERSION) {
    error_set(error, ERROR_NOT_FOUND, "%s", unknown);
    return NULL;
  }
  g_autoptr(SignedLink) link = parse(bytes + TAG_SIZE, length - TAG_SIZE);
  return signed_link_check(link, error) ? g_steal_pointer(&link) : NULL;
}

const char *signed_link_event(const SignedLink *link) {
  static const struct {
    const char *word, *event;
  } events[] = {{"email", "Email Link Clicked"},
                {"newsletter", "Newsletter Link Clicked"},
                {"sms", "SMS Link Clicked"},
                {"qr", "QR Code Scanned"},
                {"affiliate", "Affiliate Link Clicked"}};
  if (link->event)
    return link->event;
  if (link->kind == LINK_PIXEL)
    return "Email Opened";
  for (guint i = 0; i < G_N_ELEMENTS(events); i++)
    if (g_strcmp0(link->medium, events[i].word) == 0 || g_strcmp0(link->channel, events[i].word) == 0)
      return events[i].event;
  return "Link Clicked";
}
