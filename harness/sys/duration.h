// Durations as the user writes and reads them: "500ms", "10s", "2m". Used for options and descriptor files.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "harness/sys/error.h"

namespace selfconnect {

inline constexpr std::chrono::nanoseconds kLongestDuration = std::chrono::hours(24);

// A number, with or without a fraction, and one of the units ns, us, ms, s, m, h: "500ms", "1.5s". More than
// zero and at most a day. The error says what was expected.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace selfconnect
