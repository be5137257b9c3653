// SPDX-License-Identifier: MIT
#include "harness/measure/measurement.h"

#include <algorithm>
#include <array>

namespace selfconnect {

std::string_view trial_end_name(TrialEnd end) {
  static constexpr std::array<std::string_view, 3> kNames = {"attempts", "hits", "duration"};
  return kNames.at(static_cast<std::size_t>(end));
}

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
  std::uint64_t after_first = 0;
  for (const Trial& trial : trials)
    after_first += trial.counts.attempts - std::min<std::uint64_t>(trial.counts.attempts, 1);
  return seconds > 0 ? static_cast<double>(after_first) / seconds : 0;
}

Proportion Measurement::hit_rate() const { return proportion(counts.hits, counts.attempts); }

}  // namespace selfconnect
