// Numbers, events and scripts at random, for the generator and the mutator of schedules. Whole numbers only, so that a
// seed gives the same on every machine.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include "harness/schedule/event.h"
#include "harness/sys/random_source.h"

namespace selfconnect {

// least <= result <= most; each doubling of the distance to least - 1 is equally likely: 1, 2-3, 4-7, 8-15 ...
[[nodiscard]] std::uint32_t draw_log_uniform(RandomSource& random, std::uint32_t least, std::uint32_t most);

[[nodiscard]] inline bool draw_one_in(RandomSource& random, std::uint32_t bound) {
  return random.below(bound) == 0;
}

[[nodiscard]] EventKind draw_kind(RandomSource& random);

// An event of this kind, with an amount or a small plausible script.
[[nodiscard]] Event draw_event(RandomSource& random, EventKind kind);

// The event with another amount, or with one step or a few bytes changed; another event where it has neither.
[[nodiscard]] Event draw_change(RandomSource& random, const Event& event);

}  // namespace selfconnect
