// One finding as text: for the console with what it means and what to do, for JUnit the bare facts. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/judge/finding.h"
#include "harness/judge/rule.h"
#include "harness/report/console_style.h"

namespace selfconnect {

// What is evident, a line or more each: times as durations, bytes as hex and text side by side.
[[nodiscard]] std::string evidence_text(const Evidence& evidence, const ConsoleStyle& style);

// Where, what happened, what the attempts met where the run has a schedule, and the evidence.
[[nodiscard]] std::string finding_text(const Run& run, const Finding& finding, const ConsoleStyle& style);

// The same under a heading, with why it matters and what to do where `rule` is given.
[[nodiscard]] std::string finding_section(const Run& run, const Finding& finding, const Rule* rule,
                                          const ConsoleStyle& style);

}  // namespace selfconnect
