// SPDX-License-Identifier: MIT
#include "harness/measure/measurement.h"

#include <algorithm>

namespace selfconnect {

AttemptCounts& AttemptCounts::operator+=(const AttemptCounts& other) {
  attempts += other.attempts;
  hits += other.hits;
  refused += other.refused;
  even += other.even;
  odd += other.odd;
  if (other.held) {
    const HeldPort before = held.value_or(HeldPort{});
    held = HeldPort{.open = before.open + other.held->open,
                    .time_wait = before.time_wait + other.held->time_wait};
  }
  if (other.exhausted) exhausted = exhausted.value_or(0) + *other.exhausted;
  return *this;
}

std::optional<FirstHit> Measurement::first_hit() const {
  const auto hit =
      std::ranges::find_if(trials, [](const Trial& trial) { return trial.first_hit.has_value(); });
  return hit == trials.end() ? std::nullopt : hit->first_hit;
}

double Measurement::attempts_per_second() const {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  return seconds > 0 ? static_cast<double>(counts.attempts) / seconds : 0;
}

Proportion Measurement::hit_rate() const { return proportion(counts.hits, counts.attempts); }

}  // namespace selfconnect
