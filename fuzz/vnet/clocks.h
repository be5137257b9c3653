// The clocks of the virtual host, and the C library's forms of time.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/time.h>

#include <ctime>
#include <limits>
#include <optional>

#include "fuzz/vnet/host.h"

namespace selfconnect::vnet {

// What `clock` said when the run began; none for those that do not follow the virtual time. All of them are exact: the COARSE
// forms do not lag, TAI is not ahead of UTC (as on a machine that nobody told of leap seconds), and nothing is suspended.
[[nodiscard]] constexpr std::optional<Time> clock_at_start(clockid_t clock) {
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
      return kRealTimeAtStart;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
      return kMonotonicAtStart;
    default:
      return std::nullopt;
  }
}

// Later than this is never: half of what Time can tell, 146 years.
inline constexpr Time kNever{std::numeric_limits<Time::rep>::max() / 2};

[[nodiscard]] constexpr bool is_valid(const timespec& time) {
  return time.tv_sec >= 0 && time.tv_nsec >= 0 && time.tv_nsec < 1'000'000'000;
}

// Of a valid one; kNever at most.
[[nodiscard]] constexpr Time time_of(const timespec& time) {
  if (time.tv_sec >= kNever / std::chrono::seconds(1)) return kNever;
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Of one that is not negative.
[[nodiscard]] constexpr timespec timespec_of(Time time) {
  return {.tv_sec = time.count() / 1'000'000'000, .tv_nsec = time.count() % 1'000'000'000};
}

[[nodiscard]] constexpr timeval timeval_of(Time time) {
  return {.tv_sec = time.count() / 1'000'000'000, .tv_usec = time.count() % 1'000'000'000 / 1'000};
}

// The end of a wait that begins now; none: it has no end.
[[nodiscard]] constexpr std::optional<Time> limit_after(Time now, Time duration) {
  if (duration >= kNever - now) return std::nullopt;
  return now + duration;
}

}  // namespace selfconnect::vnet
