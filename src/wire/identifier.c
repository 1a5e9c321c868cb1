/* SPDX-License-Identifier: Apache-2.0
 * identifier.c: from what somebody wrote to what names a person.
 *
 *     raw ─► trimmed ─► refused? ─► normal form of its namespace ─► hash128("email\0" normal form)
 *
 * Two spellings of one identifier must come out equal, two identifiers never: so nothing is guessed
 * (a national phone number keeps its digits unless the project names a country). */
#include "wire/identifier.h"

#include "base/error.h"
#include <sodium.h>

enum { RANK_STRONG = 0, RANK_WEAK = 80, RANK_DEVICE = 160, RANK_ORDER = 255 };

/* --- namespaces --------------------------------------------------------------------------------- */

static void add_space(Spaces *spaces, const char *name, Strength strength, guint rank, gboolean plain) {
  spaces->spaces[spaces->n_spaces++] = (Space){g_strdup(name), strength, (guint8)rank, plain};
}

Spaces *spaces_new(void) {
  static const char *const refused[] = {"", "null", "undefined", "nan", "[object object]", "0", "anonymous", "unknown", "none"};
  Spaces *spaces = g_new0(Spaces, 1);
  add_space(spaces, "user", STRENGTH_STRONG, RANK_STRONG, TRUE);
  add_space(spaces, "crm", STRENGTH_STRONG, RANK_STRONG + 1, TRUE);
  add_space(spaces, "card", STRENGTH_STRONG, RANK_STRONG + 2, FALSE);
  add_space(spaces, "email", STRENGTH_WEAK, RANK_WEAK, FALSE);
  add_space(spaces, "phone", STRENGTH_WEAK, RANK_WEAK + 1, FALSE);
  add_space(spaces, "anonymous", STRENGTH_DEVICE, RANK_DEVICE, FALSE);
  add_space(spaces, "device", STRENGTH_DEVICE, RANK_DEVICE + 1, FALSE);
  g_assert(spaces->n_spaces == SPACES_BUILT_IN);
  spaces->spaces[SPACE_ORDER] = (Space){g_strdup("order"), STRENGTH_WEAK, RANK_ORDER, FALSE};
  spaces->refused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(refused); i++)
    spaces_refuse(spaces, refused[i]);
  return spaces;
}

void spaces_free(Spaces *spaces) {
  if (spaces == NULL)
    return;
  for (guint i = 0; i < spaces->n_spaces; i++)
    g_free(spaces->spaces[i].name);
  g_free(spaces->spaces[SPACE_ORDER].name);
  g_hash_table_unref(spaces->refused);
  g_free(spaces);
}

static gboolean is_space_name(const char *name) {
  gsize size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
  return name[size] == '\0' && size > 0 && size <= SPACE_NAME_MAX && g_ascii_isalpha(*name);
}

gboolean spaces_add(Spaces *spaces, const char *name, Strength strength, gboolean plain, GError **error) {
  /* Own ones rank behind the built-in ones of their strength, in the order they are declared. */
  static const guint first_rank[] = {
      [STRENGTH_STRONG] = RANK_STRONG + 3, [STRENGTH_WEAK] = RANK_WEAK + 2, [STRENGTH_DEVICE] = RANK_DEVICE + 2};
  if (!is_space_name(name))
    return error_set(error, ERROR_INVALID, "\"%s\" cannot name an identifier\nhint: lower-case letters, digits and _, at most %d",
                     name, SPACE_NAME_MAX);
  if (spaces_find(spaces, text_of(name)) >= 0 || g_str_equal(name, spaces->spaces[SPACE_ORDER].name))
    return error_set(error, ERROR_CONFLICT, "the identifier %s is declared already", name);
  if (spaces->n_spaces == SPACES_OWN_END)
    return error_set(error, ERROR_LIMIT, "more than %d kinds of identifiers", SPACES_OWN_END);
  add_space(spaces, name, strength, first_rank[strength] + spaces->n_spaces - SPACES_BUILT_IN, plain);
  return TRUE;
}

int spaces_find(const Spaces *spaces, Text name) {
  for (guint i = 0; i < spaces->n_spaces; i++)
    if (text_is(name, spaces->spaces[i].name))
      return (int)i;
  return -1;
}

static guint64 bit_of(gsize n) {
  return G_GUINT64_CONSTANT(1) << MIN(n, 63);
}

static guint64 first_bit(Text value) {
  return bit_of(value.size ? (gsize)g_ascii_tolower(value.at[0]) & 63 : 0);
}

void spaces_refuse(Spaces *spaces, const char *value) {
  g_autofree char *trimmed = g_strstrip(g_strdup(value));
  char *lower = g_ascii_strdown(trimmed, -1);
  spaces->refused_sizes |= bit_of(strlen(lower));
  spaces->refused_firsts |= first_bit(text_of(lower));
  g_hash_table_add(spaces->refused, lower);
}

static gboolean is_refused(const Spaces *spaces, Text value) {
  char lower[IDENTIFIER_SIZE_MAX + 1];
  if (!(spaces->refused_sizes & bit_of(value.size)) || !(spaces->refused_firsts & first_bit(value)))
    return FALSE;
  for (guint i = 0; i < value.size; i++)
    lower[i] = g_ascii_tolower(value.at[i]);
  lower[value.size] = '\0';
  return strlen(lower) == value.size && g_hash_table_contains(spaces->refused, lower);
}

/* --- normal forms ------------------------------------------------------------------------------- */

static Text trim(Text raw) {
  while (raw.size && g_ascii_isspace(raw.at[0])) {
    raw.at++;
    raw.size--;
  }
  while (raw.size && g_ascii_isspace(raw.at[raw.size - 1]))
    raw.size--;
  return raw;
}

static Text copy_plain(Text value, char *scratch) {
  memcpy(scratch, value.at, value.size);
  return (Text){scratch, value.size};
}

static Text copy_lower(Text value, char *scratch) {
  gboolean ascii = TRUE;
  for (guint i = 0; i < value.size; i++) {
    scratch[i] = g_ascii_tolower(value.at[i]);
    ascii &= (guint8)value.at[i] < 0x80;
  }
  if (ascii || !g_utf8_validate(value.at, value.size, NULL))
    return (Text){scratch, value.size};
  g_autofree char *lower = g_utf8_strdown(value.at, value.size);
  gsize size = strlen(lower);
  if (size <= IDENTIFIER_SIZE_MAX)
    memcpy(scratch, lower, size);
  return (Text){scratch, (guint32)(size <= IDENTIFIER_SIZE_MAX ? size : value.size)};
}

/* Digits with an international + in front where one was written; a text that is no number (a hash that an
 * ad platform made) is kept in lower case. `(0)` after a country code is a reading aid, not dialled. */
static Text copy_phone(Text value, const char *country, char *scratch) {
  char digits[IDENTIFIER_SIZE_MAX];
  guint n = 0;
  gboolean international = value.at[0] == '+';
  for (guint i = international; i < value.size; i++) {
    gboolean aid = international && i + 3 <= value.size && memcmp(value.at + i, "(0)", 3) == 0;
    if (aid)
      i += 2;
    else if (g_ascii_isdigit(value.at[i]))
      digits[n++] = value.at[i];
    else if (!strchr(" ()-/.", value.at[i]) || value.at[i] == '\0')
      return copy_lower(value, scratch);
  }
  guint zeros = international ? 0 : (n > 0 && digits[0] == '0') + (n > 1 && digits[0] == '0' && digits[1] == '0');
  const char *prefix = international || zeros == 2 ? "+" : "";
  guint skip = zeros == 2 ? 2 : 0;
  if (zeros == 1 && *country) {
    scratch[0] = '+';
    memcpy(scratch + 1, country, strlen(country));
    memcpy(scratch + 1 + strlen(country), digits + 1, n - 1);
    return (Text){scratch, (guint32)(n + strlen(country))};
  }
  gsize prefix_size = strlen(prefix);
  memcpy(scratch, prefix, prefix_size);
  memcpy(scratch + prefix_size, digits + skip, n - skip);
  return (Text){scratch, (guint32)(prefix_size + n - skip)};
}

/* --- hashing ------------------------------------------------------------------------------------ */

enum { SHA256_HEX = 64 };

static gboolean is_sha256(Text value) {
  if (value.size != SHA256_HEX)
    return FALSE;
  for (guint i = 0; i < SHA256_HEX; i++)
    if (!g_ascii_isxdigit(value.at[i]))
      return FALSE;
  return TRUE;
}

static Hash128 hash_of(const Space *space, const HashKey *key, Text value) {
  char text[SPACE_NAME_MAX + 1 + IDENTIFIER_SIZE_MAX];
  gsize size = strlen(space->name) + 1;
  memcpy(text, space->name, size);
  memcpy(text + size, value.at, value.size);
  return hash128(key, text, size + value.size);
}

static Hash128 hash_of_email(const Space *space, const HashKey *key, Text value) {
  unsigned char sum[crypto_hash_sha256_BYTES];
  char hex[SHA256_HEX + 1];
  if (is_sha256(value))
    return hash_of(space, key, value);
  crypto_hash_sha256(sum, (const unsigned char *)value.at, value.size);
  sodium_bin2hex(hex, sizeof hex, sum, sizeof sum);
  return hash_of(space, key, (Text){hex, SHA256_HEX});
}

Hash128 identifier_hash(const Spaces *spaces, const HashKey *key, guint8 space, Text normal) {
  return space == SPACE_EMAIL ? hash_of_email(&spaces->spaces[space], key, normal) : hash_of(&spaces->spaces[space], key, normal);
}

gboolean identifier_make(Identifier *identifier, const Spaces *spaces, const HashKey *key, guint8 space, Text raw, char *scratch,
                         const char **why) {
  Text value = trim(raw);
  if (value.size + strlen(spaces->phone_country) > IDENTIFIER_SIZE_MAX) {
    *why = "an identifier longer than 512 bytes";
    return FALSE;
  }
  if (is_refused(spaces, value)) {
    *why = "a value that names nobody (empty, null, unknown, ...)";
    return FALSE;
  }
  if (space == SPACE_EMAIL)
    value = copy_lower(value, scratch);
  else if (space == SPACE_PHONE)
    value = copy_phone(value, spaces->phone_country, scratch);
  else
    value = copy_plain(value, scratch);
  if (value.size == 0 || (space == SPACE_PHONE && value.size == 1 && *value.at == '+')) {
    *why = "a phone number without digits";
    return FALSE;
  }
  *identifier = (Identifier){space, value, identifier_hash(spaces, key, space, value)};
  return TRUE;
}
