// What cannot be measured in the network at hand (World::here()), which has 127.0.0.1 and ::1 alone for sources. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "harness/measure/measure.h"
#include "harness/measure/trial_tally.h"

namespace selfconnect {

// What takes a world of its own, and what to do instead.
[[nodiscard]] std::optional<std::string> why_not_at_hand(const MeasureOptions& options);

// For a command that dials `destination`, which cannot connect to itself there.
[[nodiscard]] std::string cannot_hit_at_hand(const Endpoint& destination);

// Whether a command that dialled something dialled nothing that can connect to itself there.
[[nodiscard]] bool never_dials_the_loopback(const TrialTally& tally);

}  // namespace selfconnect
