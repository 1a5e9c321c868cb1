/* SPDX-License-Identifier: Apache-2.0 */
#include "base/regex.h"

#include "base/error.h"
#include <new>
#include <re2/re2.h>

struct Regex {
  RE2 re;
  Regex(const char *pattern, const RE2::Options &options) : re(pattern, options) {}
};

extern "C" Regex *regex_new(const char *pattern, GError **error) {
  if (strlen(pattern) > REGEX_SIZE_MAX) {
    error_set(error, ERROR_LIMIT, "a regular expression longer than %d bytes", REGEX_SIZE_MAX);
    return nullptr;
  }
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(REGEX_MEMORY_MAX);
  Regex *regex = new (std::nothrow) Regex(pattern, options);
  if (regex && regex->re.ok())
    return regex;
  ErrorCode code = regex == nullptr || regex->re.error_code() == RE2::ErrorPatternTooLarge ? ERROR_LIMIT : ERROR_INVALID;
  error_set(error, code, "the regular expression \"%s\" cannot be used: %s", pattern,
            regex ? regex->re.error().c_str() : "out of memory");
  delete regex;
  return nullptr;
}

extern "C" void regex_free(Regex *regex) {
  delete regex;
}

extern "C" gboolean regex_match(const Regex *regex, Text text) {
  return RE2::PartialMatch(re2::StringPiece(text.at, text.size), regex->re);
}
