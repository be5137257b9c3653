// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/report.h"

#include <fmt/format.h>

#include <string_view>

namespace selfconnect::vnet {

namespace {

constexpr std::size_t kWidth = 100;

std::string wrapped(std::string_view text, std::string_view indent) {
  std::string lines;
  std::size_t column = kWidth;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (column + 1 + word.size() > kWidth) {
      lines += fmt::format("\n{}{}", indent, word);
      column = indent.size() + word.size();
    } else {
      lines += fmt::format(" {}", word);
      column += 1 + word.size();
    }
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return lines;
}

// For a shell.
std::string in_quotes(std::string_view word) {
  std::string text = "'";
  for (const char byte : word) {
    if (byte == '\'') {
      text += "'\\''";
    } else {
      text += byte;
    }
  }
  return text + "'";
}

// As in docs/rules.md.
std::string_view level_of(std::string_view rule) {
  return rule == "spins" || rule == "talks-to-itself" ? "warning" : "error";
}

}  // namespace

std::string report_text(const Finding& finding, const Record& record, const FuzzTarget& target,
                        const std::string& input) {
  const std::string schedule = print(record.schedule);
  const std::string answer =
      target.answer.empty() ? "" : fmt::format(" --answer {}", in_quotes(target.answer));
  const std::string played = input.empty() ? fmt::format("check --schedule {}", in_quotes(schedule))
                                           : fmt::format("replay {}", input);
  return fmt::format(
      "\n{} {}{}\n    schedule  {}\n    attempts  {}\n    time      {:.3f} s, virtual\n    replay    "
      "selfconnect {}{} "
      "-- {}\n\n",
      level_of(finding.rule), finding.rule, wrapped(finding.message, "    "), schedule, attempts_text(record),
      std::chrono::duration<double>(record.ended_at).count(), played, answer, target.command);
}

}  // namespace selfconnect::vnet
