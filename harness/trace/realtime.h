// The step from the monotonic clock to the one that the kernel stamps packets with.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <ctime>

namespace selfconnect {

[[nodiscard]] inline std::chrono::nanoseconds duration_of(const timespec& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// What to add to a steady_clock time to get CLOCK_REALTIME. The reading with the least time in between wins.
[[nodiscard]] std::chrono::nanoseconds realtime_offset();

}  // namespace selfconnect
