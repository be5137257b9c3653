// What the attempts of a phase with a schedule met, for a person: a line in the table of phases, a table with a finding. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/judge/finding.h"
#include "harness/report/console_style.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// The schedules of the run's phases, and what became of the attempts under the one that is judged; empty when there is none.
[[nodiscard]] std::string schedule_lines(const Run& run, const ConsoleStyle& style);

// The attempts at the finding's destination, neighbours that went alike in one line; an arrow marks the finding's own attempt. Of many
// those about it. Empty for findings of other phases.
[[nodiscard]] std::string events_text(const Run& run, const Finding& finding, const ConsoleStyle& style);

// "refuse self serve"; none when the run has no schedule.
[[nodiscard]] std::optional<std::string> schedule_of(const Run& run);

}  // namespace selfconnect
