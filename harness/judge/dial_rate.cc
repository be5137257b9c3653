// SPDX-License-Identifier: MIT
#include "harness/judge/dial_rate.h"

#include <algorithm>
#include <vector>

namespace selfconnect {

namespace {

constexpr std::chrono::milliseconds kEarly{50};

double per_second(std::uint64_t attempts, std::chrono::nanoseconds time) {
  constexpr std::chrono::nanoseconds kShortest = std::chrono::microseconds(1);
  return static_cast<double>(attempts) / std::chrono::duration<double>(std::max(time, kShortest)).count();
}

double rate_between(const Attempt& from, const Attempt& to) {
  return per_second(to.number - from.number, to.at - from.at);
}

// Many links opened at once show here, and only here. Where attempts after the first few were only counted,
// the rate of those few has to do.
double early_rate(const std::vector<const Attempt*>& attempts) {
  const Attempt& first = *attempts.front();
  const auto after = std::ranges::find_if(
      attempts, [&](const Attempt* attempt) { return attempt->at >= first.at + kEarly; });
  if (after == attempts.end()) return rate_between(first, *attempts.back());
  const Attempt& last_early = **std::prev(after);
  const bool all_kept = (*after)->number == last_early.number + 1;
  if (all_kept) return per_second(last_early.number - first.number + 1, kEarly);
  return &last_early == &first ? rate_between(first, **after) : rate_between(first, last_early);
}

// The slower of two readings of the later half, since the attempts around its middle may not be kept.
double late_rate(const std::vector<const Attempt*>& attempts) {
  const Attempt& last = *attempts.back();
  const Instant middle = attempts.front()->at + (last.at - attempts.front()->at) / 2;
  const auto after =
      std::ranges::find_if(attempts, [&](const Attempt* attempt) { return attempt->at > middle; });
  const double from_before = rate_between(**std::prev(after), last);
  return *after == &last ? from_before : std::min(from_before, rate_between(**after, last));
}

}  // namespace

std::optional<DialRate> dial_rate(const Trace& trace, const Endpoint& destination) {
  std::vector<const Attempt*> attempts;
  for (const Attempt& attempt : trace.attempts.kept) {
    if (attempt.destination == destination) attempts.push_back(&attempt);
  }
  if (attempts.size() < 3 || attempts.back()->at == attempts.front()->at) return std::nullopt;
  return DialRate{.attempts = attempts.back()->number - attempts.front()->number + 1,
                  .duration = attempts.back()->at - attempts.front()->at,
                  .early = early_rate(attempts),
                  .late = late_rate(attempts)};
}

}  // namespace selfconnect
