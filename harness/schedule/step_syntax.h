// Reads the steps of a scripted peer, for the parser of schedules only.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "harness/schedule/scanner.h"

namespace selfconnect {

enum class StepsEnd { kText, kBracket };

// Steps up to the end of the text, or to the bracket, which is not taken: at least one.
[[nodiscard]] std::expected<std::vector<Step>, SyntaxError> take_steps(Scanner& scanner, StepsEnd end);

}  // namespace selfconnect
