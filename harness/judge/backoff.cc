// SPDX-License-Identifier: MIT
#include "harness/judge/backoff.h"

#include <algorithm>

namespace selfconnect {

namespace {

constexpr std::size_t kFewest = 3;
constexpr double kNotSmaller = 0.8;  // than the one before, while growing
constexpr double kGrown = 1.8;       // last to first
constexpr double kCollapse = 0.5;    // below this share of the largest so far: no steady backoff
constexpr std::chrono::milliseconds kNoise{10};
constexpr int kMostRedials = 2;

double ratio(std::chrono::nanoseconds a, std::chrono::nanoseconds b) {
  return b.count() == 0 ? 0 : static_cast<double>(a.count()) / static_cast<double>(b.count());
}

bool grows(const Intervals& intervals) {
  std::size_t growing = 1;
  while (growing < intervals.size() && ratio(intervals[growing], intervals[growing - 1]) >= kNotSmaller) {
    ++growing;
  }
  return growing >= kFewest && intervals[growing - 1] >= kNoise &&
         ratio(intervals[growing - 1], intervals.front()) >= kGrown;
}

bool is_steady(const Intervals& intervals) {
  auto largest = intervals.front();
  for (const auto interval : intervals) {
    if (ratio(interval, largest) < kCollapse) return false;
    largest = std::max(largest, interval);
  }
  return true;
}

}  // namespace

std::chrono::nanoseconds Backoff::expected(std::size_t failures) const {
  return failures < intervals.size() ? intervals[failures] : std::ranges::max(intervals);
}

std::variant<Backoff, std::string> observe_backoff(const Intervals& intervals) {
  if (intervals.size() < kFewest)
    return std::string("too few retries in the refused phase to tell a backoff");
  if (!grows(intervals)) return std::string("no backoff seen in the refused phase");
  if (!is_steady(intervals)) return std::string("the backoff in the refused phase varies too much");
  return Backoff{intervals};
}

std::vector<Wait> waits_between(const Trace& trace, const Endpoint& destination,
                                std::chrono::nanoseconds first_step) {
  std::vector<Wait> waits;
  const Attempt* previous = nullptr;
  Wait current;
  int redials = 0;
  for (const Attempt& attempt : trace.attempts.kept) {
    if (attempt.destination != destination) continue;
    if (previous != nullptr && attempt.number != previous->number + 1) break;  // some were only counted
    if (previous == nullptr) {
      current = {.attempt = attempt.number};
    } else if (attempt.at - previous->at < first_step / 4 && redials < kMostRedials) {
      ++redials;
    } else {
      current.length = attempt.at - previous->at;
      waits.push_back(current);
      current = {.attempt = attempt.number};
      redials = 0;
    }
    current.after_self_connection |= attempt.outcome == Outcome::kSelfConnected;
    previous = &attempt;
  }
  return waits;
}

}  // namespace selfconnect
