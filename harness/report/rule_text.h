// What `selfconnect rules` and `selfconnect rules ID` print. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "harness/judge/rule.h"
#include "harness/report/console_style.h"

namespace selfconnect {

// One line a rule: id, level, and what the target does that trips it.
[[nodiscard]] std::string rule_table(std::span<const Rule> rules, const ConsoleStyle& style);
// All that is to be said of one rule.
[[nodiscard]] std::string rule_page(const Rule& rule, const ConsoleStyle& style);

}  // namespace selfconnect
