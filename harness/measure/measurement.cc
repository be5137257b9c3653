// SPDX-License-Identifier: MIT
#include "harness/measure/measurement.h"

#include <algorithm>
#include <array>

namespace selfconnect {

std::string_view trial_end_name(TrialEnd end) {
  static constexpr std::array<std::string_view, 3> kNames = {"attempts", "hits", "duration"};
  return kNames.at(static_cast<std::size_t>(end));
}

AttemptCounts AttemptCounts::operator+(const AttemptCounts& other) const {
  AttemptCounts sum{.attempts = attempts + other.attempts,
                    .hits = hits + other.hits,
                    .elsewhere = {.attempts = elsewhere.attempts + other.elsewhere.attempts,
                                  .hits = elsewhere.hits + other.elsewhere.hits},
                    .refused = refused + other.refused,
                    .even = even + other.even,
                    .odd = odd + other.odd,
                    .held = {},
                    .exhausted = {}};
  if (held && other.held) {
    sum.held =
        HeldPort{.open = held->open + other.held->open, .time_wait = held->time_wait + other.held->time_wait};
  }
  if (exhausted && other.exhausted) sum.exhausted = *exhausted + *other.exhausted;
  return sum;
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

Proportion Measurement::hit_rate() const {
  return proportion(counts.hits, counts.attempts - counts.elsewhere.attempts);
}

}  // namespace selfconnect
