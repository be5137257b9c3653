// How fast a target dials one destination, early and late: what spins asks. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "harness/trace/trace.h"

namespace selfconnect {

// In attempts per second, by the numbers of the attempts that were kept.
struct DialRate {
  std::uint64_t attempts = 0;
  std::chrono::nanoseconds duration{};  // from the first to the last
  double early = 0;                     // over the first 50 ms
  double late = 0;                      // over the later half of the time
};

// None when fewer than three attempts to `destination` are kept.
[[nodiscard]] std::optional<DialRate> dial_rate(const Trace& trace, const Endpoint& destination);

}  // namespace selfconnect
