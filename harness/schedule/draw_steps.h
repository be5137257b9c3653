// Scripts of a peer at random: short, and like the protocols that clients speak.
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "harness/schedule/event.h"
#include "harness/sys/random_source.h"

namespace selfconnect {

// 1 to 6 steps: reads of few bytes, short texts and bytes, and perhaps an end. Nothing is said after a half-close.
[[nodiscard]] std::vector<Step> draw_steps(RandomSource& random);

// One step inserted, removed or changed, or the end of the script. Within kMostSteps and kMostBytes, and never empty.
[[nodiscard]] std::vector<Step> draw_changed_steps(RandomSource& random, const std::vector<Step>& steps);

}  // namespace selfconnect
