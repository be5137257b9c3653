// SPDX-License-Identifier: MIT
#include "harness/sys/pattern.h"

#include <fmt/format.h>

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

}  // namespace

Result<void> check_pattern(std::string_view pattern) {
  if (pattern.empty()) return std::unexpected(error("the regular expression is empty"));
  try {
    const std::regex compiled(pattern.begin(), pattern.end());
    return {};
  } catch (const std::regex_error& failed) {
    return std::unexpected(
        error(fmt::format("'{}' is not a regular expression: {}", pattern, reason(failed.code()))));
  }
}

}  // namespace selfconnect
