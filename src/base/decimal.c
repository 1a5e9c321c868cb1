/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

/* --- canonical decimals ------------------------------------------------------------------------- */

gboolean decimal_is_canonical(Text text) {
  text = text_some(text);
  const char *at = text.at, *end = text.at + text.size;
  if (at < end && *at == '-')
    at++;
  const char *start = at;
  while (at < end && g_ascii_isdigit(*at))
    at++;
  if (at == start || (*start == '0' && at - start > 1))
    return FALSE;
  if (at == end)
    return TRUE;
  if (*at++ != '.' || at == end)
    return FALSE;
  while (at < end && g_ascii_isdigit(*at))
    at++;
  return at == end;
}

typedef struct {
  gboolean negative;
  Text whole, fraction; /* fraction without trailing zeros */
} Decimal;

static Decimal split(Text text) {
  Decimal decimal = {FALSE, text, {NULL, 0}};
  if (text.at[0] == '-') {
    decimal.negative = TRUE;
    decimal.whole = (Text){text.at + 1, text.size - 1};
  }
  const char *point = memchr(decimal.whole.at, '.', decimal.whole.size);
  if (point) {
    decimal.fraction = (Text){point + 1, (guint32)(text.at + text.size - point - 1)};
    decimal.whole.size = (guint32)(point - decimal.whole.at);
  }
  while (decimal.fraction.size && decimal.fraction.at[decimal.fraction.size - 1] == '0')
    decimal.fraction.size--;
  if (decimal.fraction.size == 0 && text_is(decimal.whole, "0"))
    decimal.negative = FALSE;
  return decimal;
}

int decimal_compare(Text a, Text b) {
  Decimal x = split(a), y = split(b);
  if (x.negative != y.negative)
    return x.negative ? -1 : 1;
  int order = (x.whole.size > y.whole.size) - (x.whole.size < y.whole.size);
  if (order == 0)
    order = text_compare(x.whole, y.whole);
  if (order == 0)
    order = text_compare(x.fraction, y.fraction);
  order = (order > 0) - (order < 0);
  return x.negative ? -order : order;
}

/* --- money -------------------------------------------------------------------------------------- */

static const char *const why_not_an_amount = "not an amount; write 1234.50";
static const char *const why_not_finite = "not a finite amount (NaN or infinity)";
static const char *const why_too_large = "an amount beyond 9,223,372,036,854 units";
static const char *const why_ambiguous =
    "an amount whose comma may mean a fraction or thousands; write 1234.50, or say that the file has decimal commas";
static const char *const why_thousands = "an amount whose thousands are not groups of three digits";

typedef struct {
  const char *at, *end;
} Reader;

static gboolean starts(const Reader *reader, const char *word) {
  gsize size = strlen(word);
  return (gsize)(reader->end - reader->at) >= size && memcmp(reader->at, word, size) == 0;
}

static gboolean ends(const Reader *reader, const char *word) {
  gsize size = strlen(word);
  return (gsize)(reader->end - reader->at) >= size && memcmp(reader->end - size, word, size) == 0;
}

static const char *const blanks[] = {" ", "\t", "\u00a0", "\u202f", "\u2009"};
static const char *const minuses[] = {"-", "\u2212"};

static gboolean skip_any(Reader *reader, const char *const *words, guint n) {
  for (guint i = 0; i < n; i++)
    if (starts(reader, words[i])) {
      reader->at += strlen(words[i]);
      return TRUE;
    }
  return FALSE;
}

static gboolean drop_any(Reader *reader, const char *const *words, guint n) {
  for (guint i = 0; i < n; i++)
    if (ends(reader, words[i])) {
      reader->end -= strlen(words[i]);
      return TRUE;
    }
  return FALSE;
}

static void trim(Reader *reader) {
  while (skip_any(reader, blanks, G_N_ELEMENTS(blanks)))
    ;
  while (drop_any(reader, blanks, G_N_ELEMENTS(blanks)))
    ;
}

static gboolean is_code(const char *at) {
  return g_ascii_isalpha(at[0]) && g_ascii_isalpha(at[1]) && g_ascii_isalpha(at[2]);
}

static void take_code(char currency[MONEY_CURRENCY_SIZE], const char *at) {
  for (guint i = 0; i < 3; i++)
    currency[i] = g_ascii_toupper(at[i]);
  currency[3] = '\0';
}

/* Takes one currency off the front or the back. */
static void take_currency(Reader *reader, char currency[MONEY_CURRENCY_SIZE]) {
  static const struct { const char *sign, *code; } signs[] = {{"\u20ac", "EUR"}, {"$", "USD"}, {"\u00a3", "GBP"}};
  for (guint i = 0; i < G_N_ELEMENTS(signs); i++)
    if (skip_any(reader, &signs[i].sign, 1) || drop_any(reader, &signs[i].sign, 1)) {
      take_code(currency, signs[i].code);
      return;
    }
  if (reader->end - reader->at > 3 && is_code(reader->at) && !g_ascii_isalpha(reader->at[3])) {
    take_code(currency, reader->at);
    reader->at += 3;
  } else if (reader->end - reader->at > 3 && is_code(reader->end - 3) && !g_ascii_isalpha(reader->end[-4])) {
    take_code(currency, reader->end - 3);
    reader->end -= 3;
  }
}

/* 19 digits fit 64 bits, and hold every amount that fits int64 millionths; of later ones only the first rounds. */
typedef struct {
  guint64 significant; /* up to 19 digits */
  guint n;             /* of them */
  int exponent;        /* of ten, to be applied */
  gboolean round_up;   /* of digits dropped behind */
  gboolean full;
} Digits;

static void add_digit(Digits *digits, guint digit, gboolean fraction) {
  if (digits->n == 19) {
    if (!digits->full)
      digits->round_up = digit >= 5;
    digits->full = TRUE;
    digits->exponent += !fraction;
    return;
  }
  digits->significant = digits->significant * 10 + digit;
  digits->n += digits->significant != 0;
  digits->exponent -= fraction;
}

/* significant * 10^(exponent + 6), rounded half away from zero. */
static gboolean to_micro(const Digits *digits, guint64 *micro) {
  guint64 value = digits->significant;
  gboolean round_up = digits->round_up;
  int exponent = digits->exponent + 6;
  for (; exponent < 0 && (value || round_up); exponent++) {
    round_up = value % 10 >= 5;
    value /= 10;
  }
  value += round_up && exponent == 0;
  for (; exponent > 0 && value; exponent--)
    if (__builtin_mul_overflow(value, (guint64)10, &value))
      return FALSE;
  *micro = value;
  return value <= (guint64)G_MAXINT64;
}

/* Thousands: groups of three that reach up to the fraction or the end. */
typedef struct {
  guint separators, in_group;
  gboolean bad;
} Groups;

static void close_group(Groups *groups) {
  groups->bad |= groups->separators > 0 && groups->in_group != 3;
  groups->bad |= groups->separators == 0 && (groups->in_group == 0 || groups->in_group > 3);
}

static const char *take_exponent(Reader *reader, Digits *digits) {
  reader->at++;
  gboolean negative = reader->at < reader->end && *reader->at == '-';
  if (reader->at < reader->end && (*reader->at == '-' || *reader->at == '+'))
    reader->at++;
  int value = 0;
  const char *start = reader->at;
  for (; reader->at < reader->end && g_ascii_isdigit(*reader->at) && value < 1000; reader->at++)
    value = value * 10 + (*reader->at - '0');
  if (reader->at == start || reader->at < reader->end)
    return why_not_an_amount;
  digits->exponent += negative ? -value : value;
  return NULL;
}

/* The number itself, after sign and currency are gone. */
static const char *take_number(Reader *reader, DecimalMark mark, Digits *digits) {
  static const char *const others[] = {"'", "\u2019", " ", "\u00a0", "\u202f", "\u2009"};
  char point = mark == DECIMAL_COMMA ? ',' : '.', comma = mark == DECIMAL_COMMA ? '.' : ',';
  Groups groups = {0};
  gboolean fraction = FALSE, commas = FALSE, any = FALSE;
  while (reader->at < reader->end) {
    char c = *reader->at;
    if (g_ascii_isdigit(c)) {
      add_digit(digits, (guint)(c - '0'), fraction);
      groups.in_group += !fraction;
      any = TRUE;
      reader->at++;
    } else if (c == point && !fraction) {
      fraction = TRUE;
      reader->at++;
    } else if (any && (c == 'e' || c == 'E')) {
      const char *why = take_exponent(reader, digits);
      if (why)
        return why;
    } else if (!fraction && any &&
               (c == comma ? skip_any(reader, (const char *const[]){comma == ',' ? "," : "."}, 1)
                           : skip_any(reader, others, G_N_ELEMENTS(others)))) {
      close_group(&groups);
      commas |= c == comma;
      groups.separators++;
      groups.in_group = 0;
    } else {
      return why_not_an_amount;
    }
  }
  if (groups.separators)
    close_group(&groups);
  if (commas && mark == DECIMAL_POINT && !fraction && groups.separators == 1)
    return why_ambiguous;
  if (groups.bad)
    return why_thousands;
  return any ? NULL : why_not_an_amount;
}

static gboolean is_not_finite(const Reader *reader) {
  static const char *const words[] = {"nan", "inf", "infinity", "-nan", "-inf", "-infinity", "+inf", "+infinity"};
  gsize size = (gsize)(reader->end - reader->at);
  for (guint i = 0; i < G_N_ELEMENTS(words); i++)
    if (strlen(words[i]) == size && g_ascii_strncasecmp(words[i], reader->at, size) == 0)
      return TRUE;
  return FALSE;
}

static gboolean take_sign(Reader *reader) {
  gboolean negative = skip_any(reader, minuses, G_N_ELEMENTS(minuses));
  if (!negative && starts(reader, "+"))
    reader->at++;
  return negative;
}

/* "12.50" and "-7", which is what nearly all files hold. */
static gboolean parse_plain(Text text, gint64 *micro) {
  const char *at = text.at, *end = text.at + text.size;
  gboolean negative = at < end && *at == '-';
  gint64 value = 0, scale = 1000000;
  at += negative;
  if (at == end || end - at > 13 || !g_ascii_isdigit(*at))
    return FALSE;
  for (; at < end && g_ascii_isdigit(*at); at++)
    value = value * 10 + (*at - '0');
  if (at < end && *at == '.' && at + 1 < end) {
    for (at++; at < end && g_ascii_isdigit(*at) && scale > 1; at++, scale /= 10)
      value = value * 10 + (*at - '0');
  }
  if (at < end || value > G_MAXINT64 / scale)
    return FALSE;
  *micro = negative ? -(value * scale) : value * scale;
  return TRUE;
}

gboolean money_parse(Text text, DecimalMark mark, gint64 *micro, char currency[MONEY_CURRENCY_SIZE], const char **why) {
  char found[MONEY_CURRENCY_SIZE] = "";
  Digits digits = {0};
  text = text_some(text);
  Reader reader = {text.at, text.at + text.size};
  guint64 size = 0;
  if (mark == DECIMAL_POINT && parse_plain(text, micro)) {
    currency[0] = '\0';
    return TRUE;
  }
  trim(&reader);
  const char *refused = is_not_finite(&reader) ? why_not_finite : NULL;
  gboolean negative = take_sign(&reader);
  take_currency(&reader, found);
  trim(&reader);
  if (!negative)
    negative = take_sign(&reader) || drop_any(&reader, minuses, G_N_ELEMENTS(minuses));
  if (refused == NULL)
    refused = take_number(&reader, mark, &digits);
  if (refused == NULL && !to_micro(&digits, &size))
    refused = why_too_large;
  if (refused) {
    *why = refused;
    return FALSE;
  }
  *micro = negative ? -(gint64)size : (gint64)size;
  memcpy(currency, found, sizeof found);
  return TRUE;
}

guint money_format(gint64 micro, char text[MONEY_TEXT_SIZE]) {
  guint64 size = micro < 0 ? 0 - (guint64)micro : (guint64)micro;
  char fraction[8];
  g_snprintf(fraction, sizeof fraction, ".%06u", (guint)(size % 1000000));
  for (int i = 6; i >= 0 && (fraction[i] == '0' || fraction[i] == '.'); i--)
    fraction[i] = '\0';
  return (guint)g_snprintf(text, MONEY_TEXT_SIZE, "%s%" G_GUINT64_FORMAT "%s", micro < 0 ? "-" : "", size / 1000000, fraction);
}
