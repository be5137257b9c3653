// How long a target waits between attempts, read from a trace. Shared by the rules and the director, so
// that a phase runs as long as its rules need. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "harness/trace/trace.h"

namespace selfconnect {

// From attempt to attempt (SYN to SYN) to the same destination, in order. Attempts that were only counted
// leave a gap in `number`; no interval spans one.
[[nodiscard]] std::vector<std::chrono::nanoseconds> retry_intervals(const Trace& trace,
                                                                    const Endpoint& destination);

// The largest of all destinations; none when no destination was dialled twice in a row.
[[nodiscard]] std::optional<std::chrono::nanoseconds> largest_retry_interval(const Trace& trace);

// How long a target may take before it counts as not coming back: three of its own largest intervals
// (a backoff that doubles needs two) and a second.
[[nodiscard]] std::chrono::nanoseconds recovery_window(std::optional<std::chrono::nanoseconds> largest);

}  // namespace selfconnect
