// SPDX-License-Identifier: MIT
#include "harness/judge/success_pattern.h"

#include <algorithm>
#include <array>

namespace selfconnect {

namespace {

constexpr std::size_t kPiece = 1024;
constexpr std::size_t kStep = kPiece / 2;

}  // namespace

std::optional<SuccessPattern> SuccessPattern::compile(const std::string& pattern) {
  try {
    return SuccessPattern(std::regex(pattern, std::regex::ECMAScript | std::regex::optimize));
  } catch (const std::regex_error&) {
    return std::nullopt;
  }
}

std::optional<std::string> SuccessPattern::find_in_line(std::string_view line) const {
  for (std::size_t from = 0;; from += kStep) {
    const std::string_view piece = line.substr(from, kPiece);
    auto flags = std::regex_constants::match_default;
    if (from > 0) flags |= std::regex_constants::match_not_bol;
    if (from + piece.size() < line.size()) flags |= std::regex_constants::match_not_eol;
    std::cmatch match;
    try {
      if (std::regex_search(piece.data(), piece.data() + piece.size(), match, regex_, flags)) {
        return match.str();
      }
    } catch (const std::regex_error&) {  // too complex for this piece
      return std::nullopt;
    }
    if (from + piece.size() >= line.size()) return std::nullopt;
  }
}

std::optional<std::string> SuccessPattern::find_in_text(std::string_view text) const {
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (auto match = find_in_line(line)) return match;
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
