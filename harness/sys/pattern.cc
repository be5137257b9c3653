// SPDX-License-Identifier: MIT
#include "harness/sys/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace selfconnect {

namespace {

std::string_view reason(std::regex_constants::error_type code) {
  namespace rc = std::regex_constants;
  if (code == rc::error_collate) return "unknown collating element";
  if (code == rc::error_ctype) return "unknown character class";
  if (code == rc::error_escape) return "unknown escape, or a backslash at the end";
  if (code == rc::error_backref) return "back reference to a group that does not exist";
  if (code == rc::error_brack) return "'[' without ']'";
  if (code == rc::error_paren) return "'(' and ')' do not match, or nothing stands before '*', '+' or '?'";
  if (code == rc::error_brace) return "'{' without '}'";
  if (code == rc::error_badbrace) return "no number between '{' and '}'";
  if (code == rc::error_range) return "character range that ends before it begins";
  if (code == rc::error_badrepeat) return "nothing to repeat before '*', '+', '?' or '{'";
  return "too large or too complex";
}

std::size_t digits_at(std::string_view text, std::size_t at) {
  at = std::min(at, text.size());
  return std::min(text.find_first_not_of("0123456789", at), text.size()) - at;
}

// libstdc++ reads the numbers of {N,M} and \N into an int, and does not look whether they fit.
bool has_huge_number(std::string_view pattern) {
  constexpr std::size_t kMostDigits = 9;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '{' && pattern[i] != '\\') continue;
    const std::size_t end = i + 1 + digits_at(pattern, i + 1);
    const bool two = pattern[i] == '{' && pattern.substr(end).starts_with(',');
    if (std::max(end - i - 1, two ? digits_at(pattern, end + 1) : 0) > kMostDigits) return true;
    if (pattern[i] == '\\') ++i;
  }
  return false;
}

}  // namespace

Result<void> check_pattern(std::string_view pattern) {
  if (pattern.empty()) return std::unexpected(error("the regular expression is empty"));
  if (pattern.size() > kLongestPattern) {
    return std::unexpected(
        error(fmt::format("the regular expression is longer than {} bytes", kLongestPattern)));
  }
  if (has_huge_number(pattern)) {
    return std::unexpected(
        error(fmt::format("'{}' is not a regular expression: a number of more than 9 digits", pattern)));
  }
  try {
    const std::regex compiled(pattern.begin(), pattern.end());
    return {};
  } catch (const std::regex_error& failed) {
    return std::unexpected(
        error(fmt::format("'{}' is not a regular expression: {}", pattern, reason(failed.code()))));
  }
}

}  // namespace selfconnect
