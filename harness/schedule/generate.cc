// SPDX-License-Identifier: MIT
#include "harness/schedule/generate.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "harness/schedule/draw.h"

namespace selfconnect {

namespace {

// Each kind with a chance of one half, and one at least that is not served as usual.
std::vector<EventKind> draw_swarm(RandomSource& random) {
  std::vector<EventKind> kinds;
  while (std::ranges::all_of(kinds, [](EventKind kind) { return kind == EventKind::kServe; })) {
    kinds.clear();
    const std::uint64_t kept = random.next();
    for (std::size_t i = 0; i < kEventKinds; ++i) {
      if ((kept >> i & 1U) != 0) kinds.push_back(static_cast<EventKind>(i));
    }
  }
  return kinds;
}

}  // namespace

Schedule generate_schedule(RandomSource& random, const GenerateLimits& limits) {
  Schedule schedule;
  const auto most = static_cast<std::uint32_t>(std::min(limits.most_attempts, kMostAttempts));
  if (most == 0) return schedule;
  const std::vector<EventKind> kinds = draw_swarm(random);
  const std::uint32_t most_repeats = draw_log_uniform(random, 1, most);
  std::uint32_t left = draw_log_uniform(random, 1, most);
  while (left > 0 && schedule.entries.size() < kMostEntries) {
    const std::uint32_t count = draw_log_uniform(random, 1, std::min(left, most_repeats));
    left -= count;
    const bool last = left == 0 || schedule.entries.size() + 1 == kMostEntries;
    EventKind kind = EventKind::kServe;
    do {
      kind = kinds.at(random.below(static_cast<std::uint32_t>(kinds.size())));
    } while (last && kind == EventKind::kServe);  // before the quiet window it would say nothing
    schedule.entries.push_back({.event = draw_event(random, kind), .count = count});
  }
  return normal_form(std::move(schedule));
}

}  // namespace selfconnect
