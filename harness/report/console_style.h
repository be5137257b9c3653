// How the console report looks on the terminal at hand: colour and width. Colour is SGR (ECMA-48 8.3.117) and
// the only escape sequence that a report ever has.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace selfconnect {

inline constexpr std::size_t kReportWidth = 100;

struct ConsoleStyle {
  bool colour = false;
  std::size_t width = kReportWidth;  // columns; figures and hex dumps may need some 90
};

// Colour when `fd` is a terminal, TERM is not "dumb" or missing, and NO_COLOR is not set or empty
// (no-color.org). The width is the terminal's, from 60 to 100.
[[nodiscard]] ConsoleStyle console_style(int fd);

enum class Ink { kBold, kFaint, kPass, kFail, kWarning, kSkip, kError };

// `text` in that ink; as it is where the style has no colour.
[[nodiscard]] std::string inked(const ConsoleStyle& style, Ink ink, std::string_view text);

}  // namespace selfconnect
