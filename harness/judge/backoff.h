// The backoff of a target, read from its retry intervals: what resets-backoff asks. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "harness/trace/trace.h"

namespace selfconnect {

using Intervals = std::vector<std::chrono::nanoseconds>;

// The intervals of a client whose waits grow, with jitter of no more than about a quarter.
struct Backoff {
  Intervals intervals;

  // What it waits after `failures` waits before: the observed one, else the largest.
  [[nodiscard]] std::chrono::nanoseconds expected(std::size_t failures) const;
};

// The backoff shown in a control, or why none can be told from it.
[[nodiscard]] std::variant<Backoff, std::string> observe_backoff(const Intervals& intervals);

// A wait, and whether the attempt before it had connected to itself.
struct Wait {
  std::chrono::nanoseconds length{};
  bool after_self_connection = false;
  std::uint64_t attempt = 0;  // number of the first attempt before it
};

// The waits of consecutive kept attempts to `destination`, from the first attempt on. A guard's redial at
// once (shorter than a quarter of the first step, twice in a row at most, as Go's dialler does) belongs to
// the attempt before it and is no wait.
[[nodiscard]] std::vector<Wait> waits_between(const Trace& trace, const Endpoint& destination,
                                              std::chrono::nanoseconds first_step);

}  // namespace selfconnect
