// SPDX-License-Identifier: MIT
#include "harness/judge/retry.h"

#include <algorithm>
#include <map>

namespace selfconnect {

std::vector<std::chrono::nanoseconds> retry_intervals(const Trace& trace, const Endpoint& destination) {
  std::vector<std::chrono::nanoseconds> intervals;
  const Attempt* previous = nullptr;
  for (const Attempt& attempt : trace.attempts.kept) {
    if (attempt.destination != destination) continue;
    if (previous != nullptr && attempt.number == previous->number + 1) {
      intervals.push_back(attempt.at - previous->at);
    }
    previous = &attempt;
  }
  return intervals;
}

std::optional<std::chrono::nanoseconds> largest_retry_interval(const Trace& trace) {
  std::optional<std::chrono::nanoseconds> largest;
  std::map<Endpoint, const Attempt*> previous;
  for (const Attempt& attempt : trace.attempts.kept) {
    const Attempt*& before = previous[attempt.destination];
    if (before != nullptr && attempt.number == before->number + 1) {
      largest = std::max(largest.value_or(attempt.at - before->at), attempt.at - before->at);
    }
    before = &attempt;
  }
  return largest;
}

std::chrono::nanoseconds recovery_window(std::optional<std::chrono::nanoseconds> largest) {
  return 3 * largest.value_or(std::chrono::nanoseconds(0)) + std::chrono::seconds(1);
}

}  // namespace selfconnect
