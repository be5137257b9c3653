// Where a command dials, against where it was to. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/measure/trial_tally.h"
#include "harness/net/endpoint.h"

namespace selfconnect {

// Of those at `port` (0: any), or, where that was not dialled, of all; nothing where nothing was.
[[nodiscard]] std::optional<Endpoint> most_dialled(const TrialTally& tally, std::uint16_t port = 0);

// What to say where a command that dialled something never dialled `named`: policy, layout and figures are for it, and of
// another they say nothing. Addresses that are their own source in a world are as good as the named one.
[[nodiscard]] std::optional<std::string> dials_elsewhere(const Endpoint& named, const TrialTally& tally);

}  // namespace selfconnect
