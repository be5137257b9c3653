// SPDX-License-Identifier: MIT
#include "harness/report/console_style.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace selfconnect {

namespace {

constexpr std::size_t kLeastWidth = 60;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

ConsoleStyle console_style(int fd) {
  if (isatty(fd) == 0) return {};
  const std::string_view term = environment("TERM");
  ConsoleStyle style = {.colour = environment("NO_COLOR").empty() && !term.empty() && term != "dumb"};
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    style.width = std::clamp<std::size_t>(size.ws_col, kLeastWidth, kReportWidth);
  }
  return style;
}

std::string inked(const ConsoleStyle& style, Ink ink, std::string_view text) {
  // Fail is red, an error of ours is white on magenta: they must not be taken for one another.
  static constexpr std::array<std::string_view, 7> kCodes = {"1",    "2",    "1;32",   "1;31",
                                                             "1;33", "1;36", "1;97;45"};
  if (!style.colour || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes.at(static_cast<std::size_t>(ink)), text);
}

}  // namespace selfconnect
