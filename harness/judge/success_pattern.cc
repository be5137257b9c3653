// SPDX-License-Identifier: MIT
#include "harness/judge/success_pattern.h"

#include <array>

namespace selfconnect {

std::optional<SuccessPattern> SuccessPattern::compile(std::string_view expression) {
  auto pattern = Pattern::compile(expression);
  return pattern ? std::optional(SuccessPattern(std::move(*pattern))) : std::nullopt;
}

std::optional<std::string> SuccessPattern::find_in_text(std::string_view text) const {
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (const auto match = pattern_.find(line)) return std::string(*match);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return std::nullopt;
}

std::optional<std::string> SuccessPattern::find(const Trace& trace) const {
  const std::array<std::string_view, 4> texts = {trace.out.head, trace.out.tail, trace.err.head,
                                                 trace.err.tail};
  for (const std::string_view text : texts) {
    if (auto match = find_in_text(text)) return match;
  }
  return std::nullopt;
}

}  // namespace selfconnect
