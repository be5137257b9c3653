// The user's success pattern, looked for in a target's captured output. Never throws, whatever the pattern.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <regex>
#include <string>
#include <string_view>

#include "harness/trace/trace.h"

namespace selfconnect {

class SuccessPattern {
 public:
  // None when `pattern` is no valid ECMAScript regular expression.
  [[nodiscard]] static std::optional<SuccessPattern> compile(const std::string& pattern);

  // The first matching text in stdout, then stderr. The pattern is held against one line at a time, and
  // against pieces of a very long one: std::regex recurses once per character.
  [[nodiscard]] std::optional<std::string> find(const Trace& trace) const;

 private:
  explicit SuccessPattern(std::regex regex) : regex_(std::move(regex)) {}
  [[nodiscard]] std::optional<std::string> find_in_line(std::string_view line) const;
  [[nodiscard]] std::optional<std::string> find_in_text(std::string_view text) const;

  std::regex regex_;
};

}  // namespace selfconnect
