/* SPDX-License-Identifier: Apache-2.0
 * json_in.cpp: a C face for simdjson's tree. A JsonValue is a simdjson element, byte for byte.
 * A number that no machine type holds is passed through the tree as a string that begins with a mark. */
#include "base/json_in.h"

#include "base/decimal.h"
#include "base/error.h"
#include <charconv>
#include <cmath>
#include <cstring>
#include <new>
#include <simdjson.h>
#include <string>

using namespace simdjson;

static const char mark[] = "\x01#"; /* written as \u0001 by nobody who means text */
enum { MARK_SIZE = sizeof mark - 1 };

struct JsonIn {
  dom::parser parser;
  gsize size_max;
  std::string repaired;
  guint64 n_repaired = 0;
  explicit JsonIn(gsize max) : parser(max), size_max(max) {}
};

template <typename T> static JsonValue pack(const T &place) {
  static_assert(sizeof(T) == sizeof(JsonValue) && std::is_trivially_copyable<T>::value, "a JsonValue holds simdjson's places");
  JsonValue value;
  memcpy(&value, &place, sizeof value);
  return value;
}

template <typename T> static T unpack(JsonValue value) {
  struct Both {
    union {
      JsonValue value;
      T place;
    };
    explicit Both(JsonValue packed) : value(packed) {}
  };
  return Both(value).place;
}

static dom::element element_of(JsonValue value) {
  return unpack<dom::element>(value);
}

/* --- repair ----------------------------------------------------------------------------------------- */

namespace {
class Repair {
public:
  Repair(const char *data, gsize size, std::string &text) : at(data), end(data + size), out(text) {}

  void run() {
    out.clear();
    while (at < end) {
      if (*at == '"')
        string();
      else if (*at == '-' || g_ascii_isdigit(*at))
        number();
      else if (!word("NaN") && !word("Infinity"))
        character();
    }
  }

private:
  const char *at, *end;
  std::string &out;

  gboolean word(const char *name) {
    gsize size = strlen(name);
    if ((gsize)(end - at) < size || memcmp(at, name, size) != 0)
      return FALSE;
    at += size;
    out += "null";
    return TRUE;
  }

  void number() {
    const char *start = at++;
    if (*start == '-' && (word("Infinity") || word("NaN")))
      return;
    while (at < end && (g_ascii_isalnum(*at) || *at == '.' || *at == '+' || *at == '-'))
      at++;
    Text digits = {start, (guint32)(at - start)};
    if (!is_number(digits) || fits(digits)) {
      out.append(start, digits.size);
      return;
    }
    out += "\"\\u0001#";
    out.append(start, digits.size);
    out += '"';
  }

  /* -?digits[.digits][e[+-]digits], which is also what must not smuggle a quote into the string. */
  static gboolean is_number(Text text) {
    guint32 i = text.at[0] == '-';
    guint32 whole = skip(text, i);
    if (whole == i || (text.at[i] == '0' && whole > i + 1))
      return FALSE;
    i = whole;
    if (i < text.size && text.at[i] == '.') {
      guint32 fraction = skip(text, i + 1);
      if (fraction == i + 1)
        return FALSE;
      i = fraction;
    }
    if (i < text.size && (text.at[i] | 0x20) == 'e') {
      i++;
      i += i < text.size && (text.at[i] == '+' || text.at[i] == '-');
      guint32 exponent = skip(text, i);
      return exponent > i && exponent == text.size;
    }
    return i == text.size;
  }

  static guint32 skip(Text text, guint32 i) {
    while (i < text.size && g_ascii_isdigit(text.at[i]))
      i++;
    return i;
  }

  static gboolean fits(Text text) {
    const char *last = text.at + text.size;
    if (decimal_is_canonical(text) && memchr(text.at, '.', text.size) == nullptr) {
      gint64 small;
      guint64 large;
      return std::from_chars(text.at, last, small).ec == std::errc() || std::from_chars(text.at, last, large).ec == std::errc();
    }
    double number;
    return std::from_chars(text.at, last, number).ec == std::errc() && std::isfinite(number);
  }

  void string() {
    out += *at++;
    while (at < end && *at != '"') {
      if (*at == '\\')
        escape();
      else if ((guint8)*at < 0x20)
        control();
      else
        character();
    }
    if (at < end)
      out += *at++;
  }

  void control() {
    char text[8];
    g_snprintf(text, sizeof text, "\\u%04x", (guint8)*at++);
    out += text;
  }

  void character() {
    gunichar c = g_utf8_get_char_validated(at, end - at);
    gboolean valid = c != (gunichar)-1 && c != (gunichar)-2;
    gsize size = valid ? g_utf8_skip[(guint8)*at] : 1;
    if (valid)
      out.append(at, size);
    else
      out += "\xef\xbf\xbd";
    at += size;
  }

  /* The code of \uXXXX at `place`, or -1. */
  int code(const char *place) const {
    int value = 0;
    if (end - place < 6 || place[0] != '\\' || place[1] != 'u')
      return -1;
    for (int i = 2; i < 6; i++) {
      if (!g_ascii_isxdigit(place[i]))
        return -1;
      value = value * 16 + g_ascii_xdigit_value(place[i]);
    }
    return value;
  }

  void escape() {
    int high = code(at);
    int low = high >= 0xD800 && high < 0xDC00 ? code(at + 6) : -1;
    gboolean pair = low >= 0xDC00 && low < 0xE000;
    gsize size = high < 0 ? 2 : pair ? 12 : 6;
    size = MIN(size, (gsize)(end - at));
    if (high >= 0xD800 && high < 0xE000 && !pair)
      out += "\\ufffd";
    else
      out.append(at, size);
    at += size;
  }
};
} // namespace

/* --- parsing ---------------------------------------------------------------------------------------- */

extern "C" JsonIn *json_in_new(gsize size_max) {
  return new JsonIn(size_max);
}

extern "C" void json_in_free(JsonIn *in) {
  delete in;
}

extern "C" guint64 json_in_repaired(const JsonIn *in) {
  return in->n_repaired;
}

static gboolean refuse(JsonIn *in, error_code code, GError **error) {
  if (code == DEPTH_ERROR)
    return error_set(error, ERROR_LIMIT, "JSON nested deeper than %d", JSON_DEPTH_MAX);
  if (code == CAPACITY)
    return error_set(error, ERROR_LIMIT, "JSON larger than %" G_GSIZE_FORMAT " bytes", in->size_max);
  if (code == MEMALLOC)
    return error_set(error, ERROR_LIMIT, "not enough memory for this JSON");
  if (code == EMPTY)
    return error_set(error, ERROR_INVALID, "no JSON: the text is empty");
  return error_set(error, ERROR_INVALID, "not valid JSON: %s", error_message(code));
}

static gboolean is_repairable(error_code code) {
  return code == STRING_ERROR || code == NUMBER_ERROR || code == UTF8_ERROR || code == UNESCAPED_CHARS || code == TAPE_ERROR ||
         code == N_ATOM_ERROR;
}

static error_code parse(JsonIn *in, const char *data, gsize size, gboolean padded, dom::element *root) {
  if (size == 0)
    return EMPTY;
  if (size > in->size_max)
    return CAPACITY;
  if (in->parser.max_depth() != JSON_DEPTH_MAX || in->parser.capacity() < size) {
    error_code code = in->parser.allocate(MIN(in->size_max, MAX(size * 2, (gsize)1 << 16)), JSON_DEPTH_MAX);
    if (code)
      return code;
  }
  return in->parser.parse(data, size, !padded).get(*root);
}

static error_code parse_repaired(JsonIn *in, const char *data, gsize size, dom::element *root) try {
  Repair(data, size, in->repaired).run();
  /* Repair makes a text longer by a few bytes a finding, which must not push it over the limit. */
  gsize size_max = in->size_max;
  in->size_max = MAX(size_max, in->repaired.size());
  in->repaired.append(JSON_PADDING, ' ');
  error_code code = parse(in, in->repaired.data(), in->repaired.size() - JSON_PADDING, TRUE, root);
  in->size_max = size_max;
  in->n_repaired += code == SUCCESS;
  return code;
} catch (const std::bad_alloc &) {
  return MEMALLOC;
}

extern "C" gboolean json_in_parse(JsonIn *in, const char *data, gsize size, gboolean padded, JsonValue *root, GError **error) {
  static_assert((gsize)JSON_PADDING >= SIMDJSON_PADDING, "callers pad enough");
  dom::element tree;
  error_code code = parse(in, data, size, padded, &tree);
  if (is_repairable(code))
    code = parse_repaired(in, data, size, &tree);
  if (code)
    return refuse(in, code, error);
  *root = pack(tree);
  return TRUE;
}

/* --- looking ---------------------------------------------------------------------------------------- */

static gboolean is_marked(std::string_view text) {
  return text.size() > MARK_SIZE && memcmp(text.data(), mark, MARK_SIZE) == 0;
}

static std::string_view string_of(dom::element element) {
  std::string_view text;
  return element.get(text) == SUCCESS ? text : std::string_view();
}

/* Only digits count as a number that came through as a marked string. */
static gboolean big_number(dom::element element, Text *digits) {
  std::string_view text = string_of(element);
  if (!is_marked(text))
    return FALSE;
  *digits = Text{text.data() + MARK_SIZE, (guint32)(text.size() - MARK_SIZE)};
  return decimal_is_canonical(*digits);
}

static gboolean is_true(dom::element element) {
  bool value = false;
  return element.get(value) == SUCCESS && value;
}

extern "C" JsonKind json_in_kind(JsonValue value) {
  Text digits;
  dom::element element = element_of(value);
  switch (element.type()) {
  case dom::element_type::ARRAY: return JSON_ARRAY;
  case dom::element_type::OBJECT: return JSON_OBJECT;
  case dom::element_type::STRING: return big_number(element, &digits) ? JSON_NUMBER : JSON_STRING;
  case dom::element_type::BOOL: return is_true(element) ? JSON_TRUE : JSON_FALSE;
  case dom::element_type::NULL_VALUE: return JSON_NULL;
  default: return JSON_NUMBER;
  }
}

extern "C" Text json_in_string(JsonValue value) {
  std::string_view text = string_of(element_of(value));
  gsize skip = is_marked(text) ? MARK_SIZE : 0; /* 1e999 and its like: text after all */
  return Text{text.data() + skip, (guint32)(text.size() - skip)};
}

/* Without an exponent as long as that stays readable, so that it is a canonical decimal. */
static Text number_text(double number, char buffer[JSON_NUMBER_SIZE]) {
  double size = std::fabs(number);
  gboolean plain = size == 0 || (size >= 1e-12 && size < 1e21);
  number = size == 0 ? 0 : number; /* never "-0" */
  std::to_chars_result end = plain ? std::to_chars(buffer, buffer + JSON_NUMBER_SIZE, number, std::chars_format::fixed)
                                   : std::to_chars(buffer, buffer + JSON_NUMBER_SIZE, number);
  return Text{buffer, (guint32)(end.ptr - buffer)};
}

extern "C" Text json_in_number(JsonValue value, char buffer[JSON_NUMBER_SIZE]) {
  dom::element element = element_of(value);
  gint64 small;
  guint64 large;
  double number;
  Text digits;
  if (element.get(small) == SUCCESS)
    return Text{buffer, (guint32)(std::to_chars(buffer, buffer + JSON_NUMBER_SIZE, small).ptr - buffer)};
  if (element.get(large) == SUCCESS)
    return Text{buffer, (guint32)(std::to_chars(buffer, buffer + JSON_NUMBER_SIZE, large).ptr - buffer)};
  if (element.get(number) == SUCCESS)
    return number_text(number, buffer);
  return big_number(element, &digits) ? digits : Text{nullptr, 0};
}

extern "C" gboolean json_in_int(JsonValue value, gint64 *number) {
  gint64 found;
  if (element_of(value).get(found) != SUCCESS)
    return FALSE;
  *number = found;
  return TRUE;
}

extern "C" gboolean json_in_double(JsonValue value, double *number) {
  dom::element element = element_of(value);
  Text digits;
  double found;
  if (element.get(found) != SUCCESS) {
    if (!big_number(element, &digits))
      return FALSE;
    g_autofree char *text = text_dup(digits);
    found = g_ascii_strtod(text, nullptr);
  }
  *number = found;
  return TRUE;
}

extern "C" gboolean json_in_get(JsonValue object, const char *key, JsonValue *value) {
  dom::object members;
  dom::element found;
  if (element_of(object).get(members) != SUCCESS || members.at_key(key).get(found) != SUCCESS)
    return FALSE;
  *value = pack(found);
  return TRUE;
}

extern "C" void json_in_walk(JsonIter *iter, JsonValue value) {
  dom::object members;
  dom::array items;
  dom::element element = element_of(value);
  *iter = JsonIter{value, value, FALSE};
  if (element.get(members) == SUCCESS)
    *iter = JsonIter{pack(members.begin()), pack(members.end()), TRUE};
  else if (element.get(items) == SUCCESS)
    *iter = JsonIter{pack(items.begin()), pack(items.end()), FALSE};
}

extern "C" gboolean json_in_next(JsonIter *iter, Text *key, JsonValue *value) {
  if (iter->at.index == iter->end.index)
    return FALSE;
  if (iter->object) {
    dom::object::iterator at = unpack<dom::object::iterator>(iter->at);
    std::string_view name = at.key();
    *key = Text{name.data(), (guint32)name.size()};
    *value = pack(at.value());
    iter->at = pack(++at);
  } else {
    dom::array::iterator at = unpack<dom::array::iterator>(iter->at);
    *key = Text{nullptr, 0};
    *value = pack(*at);
    iter->at = pack(++at);
  }
  return TRUE;
}

/* --- writing a part again ---------------------------------------------------------------------------- */

static void append_string(GString *into, Text text) {
  const char *at = text.at, *end = text.at + text.size;
  g_string_append_c(into, '"');
  while (at < end) {
    const char *run = at;
    while (at < end && (guint8)*at >= 0x20 && *at != '"' && *at != '\\')
      at++;
    g_string_append_len(into, run, at - run);
    if (at == end)
      break;
    guint8 c = (guint8)*at++;
    if (c < 0x20)
      g_string_append_printf(into, "\\u%04x", c);
    else
      g_string_append_printf(into, "\\%c", c);
  }
  g_string_append_c(into, '"');
}

static void append_all(JsonValue value, gboolean object, GString *into) {
  JsonIter iter;
  Text key;
  JsonValue child;
  gboolean first = TRUE;
  json_in_walk(&iter, value);
  g_string_append_c(into, object ? '{' : '[');
  for (; json_in_next(&iter, &key, &child); first = FALSE) {
    if (!first)
      g_string_append_c(into, ',');
    if (object) {
      append_string(into, key);
      g_string_append_c(into, ':');
    }
    json_in_minify(child, into);
  }
  g_string_append_c(into, object ? '}' : ']');
}

extern "C" void json_in_minify(JsonValue value, GString *into) {
  char buffer[JSON_NUMBER_SIZE];
  JsonKind kind = json_in_kind(value);
  switch (kind) {
  case JSON_NULL: g_string_append(into, "null"); return;
  case JSON_TRUE: g_string_append(into, "true"); return;
  case JSON_FALSE: g_string_append(into, "false"); return;
  case JSON_STRING: append_string(into, json_in_string(value)); return;
  case JSON_NUMBER: {
    Text digits = json_in_number(value, buffer);
    g_string_append_len(into, digits.at, digits.size);
    return;
  }
  default: append_all(value, kind == JSON_OBJECT, into);
  }
}

extern "C" gboolean utf8_valid(const char *data, gsize size) {
  return validate_utf8(data, size);
}
