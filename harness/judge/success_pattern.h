// The user's success pattern, looked for in a target's captured output.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "harness/sys/pattern.h"
#include "harness/trace/trace.h"

namespace selfconnect {

class SuccessPattern {
 public:
  // None when `expression` is no valid regular expression (harness/sys/pattern.h).
  [[nodiscard]] static std::optional<SuccessPattern> compile(std::string_view expression);

  // The first matching text in stdout, then stderr. The pattern is held against one line at a time.
  [[nodiscard]] std::optional<std::string> find(const Trace& trace) const;

 private:
  explicit SuccessPattern(Pattern pattern) : pattern_(std::move(pattern)) {}
  [[nodiscard]] std::optional<std::string> find_in_text(std::string_view text) const;

  Pattern pattern_;
};

}  // namespace selfconnect
