// Schedules at random. The same seed gives the same schedule on every machine.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "harness/schedule/schedule.h"
#include "harness/sys/random_source.h"

namespace selfconnect {

struct GenerateLimits {
  std::uint64_t most_attempts = 64;  // before the quiet window
};

// Swarm testing (Groce and others, "Swarm testing", ISSTA 2012): each schedule leaves whole kinds of events out. Sizes,
// repeats and lengths are log-uniform.
[[nodiscard]] Schedule generate_schedule(RandomSource& random, const GenerateLimits& limits = {});

// One to a few changes: an event inserted, removed, replaced, moved, copied, repeated more or less often, an amount changed.
[[nodiscard]] Schedule mutate_schedule(const Schedule& schedule, RandomSource& random,
                                       const GenerateLimits& limits = {});

// The beginning of one and the end of the other.
[[nodiscard]] Schedule cross_schedules(const Schedule& one, const Schedule& other, RandomSource& random,
                                       const GenerateLimits& limits = {});

}  // namespace selfconnect
