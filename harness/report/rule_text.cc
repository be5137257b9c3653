// SPDX-License-Identifier: MIT
#include "harness/report/rule_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/report/readable.h"

namespace selfconnect {

namespace {

Ink ink_of(Level level) { return level == Level::kError ? Ink::kFail : Ink::kWarning; }

std::string section(std::string_view title, std::string_view text, const ConsoleStyle& style) {
  return fmt::format("\n{}\n{}", inked(style, Ink::kBold, title), hanging("  ", text, style.width));
}

}  // namespace

std::string rule_table(std::span<const Rule> rules, const ConsoleStyle& style) {
  std::size_t widest = 0;
  for (const Rule& rule : rules) widest = std::max(widest, rule.id.size());
  std::string text = fmt::format("{:<{}}  {:<7}  the target ...\n", "rule", widest, "level");
  for (const Rule& rule : rules) {
    const std::string level = fmt::format("{:<7}", level_name(rule.level));
    const std::string indent(widest + 11, ' ');
    const std::string summary = hanging(indent, rule.summary, style.width).substr(indent.size());
    text += fmt::format("{:<{}}  {}  {}", rule.id, widest, inked(style, ink_of(rule.level), level), summary);
  }
  return text + "\nselfconnect rules RULE explains one of them.\n";
}

std::string rule_page(const Rule& rule, const ConsoleStyle& style) {
  std::string text = fmt::format("{}  {}\n", inked(style, Ink::kBold, rule.id),
                                 inked(style, ink_of(rule.level), level_name(rule.level)));
  text += hanging("  ", fmt::format("The target {}.", rule.summary), style.width);
  text += section("Why it matters", rule.why, style);
  text += section("How it is decided", rule.decided, style);
  text += section("What to do", rule.remedy, style);
  return text;
}

}  // namespace selfconnect
