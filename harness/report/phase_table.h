// The phases of a run, one line each, for the console. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "harness/report/console_style.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// Attempts, self-connections, the first one, how the target ended, how long it took; then the phases left out
// and why. Where a run has several destinations, those of one follow its name.
[[nodiscard]] std::string phase_table(const Run& run, const ConsoleStyle& style);

}  // namespace selfconnect
