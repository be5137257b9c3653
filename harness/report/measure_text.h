// A measurement for people: the answer first, then what it rests on. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "harness/measure/measurement.h"
#include "harness/report/console_style.h"

namespace selfconnect {

[[nodiscard]] std::string measurement_text(const Measurement& measurement, const ConsoleStyle& style);

// "trial 1 of 3: 12,345 attempts, 98,000/s, 1 hit, at most 42.0 s left"
struct MeasureState {
  std::uint64_t trial = 1;
  std::uint64_t trials = 1;
  std::uint64_t attempts = 0;
  std::uint64_t hits = 0;
  std::chrono::nanoseconds elapsed{};
  std::optional<std::chrono::nanoseconds> left;  // of this trial, at the longest
};
[[nodiscard]] std::string measure_progress_line(const MeasureState& state);

}  // namespace selfconnect
