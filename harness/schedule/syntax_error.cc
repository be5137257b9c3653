// A syntax error in words: where, what would do, and what stands there.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "harness/schedule/schedule.h"

namespace selfconnect {

namespace {

constexpr std::size_t kMostShown = 24;  // bytes of what was found

// "at 8", or "at line 2, column 5" where the text has lines.
std::string place_of(std::size_t position, std::string_view text) {
  if (!text.substr(0, text.empty() ? 0 : text.size() - 1).contains('\n'))
    return fmt::format("at {}", position + 1);
  const std::string_view before = text.substr(0, position);
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("at line {}, column {}", 1 + std::ranges::count(before, '\n'),
                     position - line_begin + 1);
}

std::string found_at(std::size_t position, std::string_view text) {
  if (position >= text.size()) return "the end";
  std::string_view rest = text.substr(position);
  if (rest.front() == '\n' || rest.front() == '\r') return "the end of the line";
  rest = rest.substr(0, std::max<std::size_t>(rest.find_first_of(" \t\n\v\f\r"), 1));
  std::string shown;
  for (const char byte : rest.substr(0, kMostShown)) {
    shown += byte >= ' ' && byte <= '~' ? std::string(1, byte)
                                        : fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  }
  return fmt::format("'{}'{}", shown, rest.size() > kMostShown ? "..." : "");
}

}  // namespace

std::string SyntaxError::message(std::string_view text) const {
  return fmt::format("{}: expected {}, found {}", place_of(position, text), expected,
                     found_at(position, text));
}

}  // namespace selfconnect
