// A campaign for people: a line while it goes on, a line for each finding, and what came of it. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "harness/campaign/campaign_result.h"
#include "harness/report/console_style.h"

namespace selfconnect {

// "12,345 runs, 812/s, corpus 96, 2 findings, 4 min 12 s left"
struct FuzzState {
  std::uint64_t runs = 0;
  double runs_per_second = 0;
  std::size_t inputs = 0;
  std::size_t findings = 0;
  std::chrono::nanoseconds elapsed{};
  std::optional<std::chrono::nanoseconds> left;  // of --duration
  std::optional<std::uint64_t> runs_left;        // of --runs
};
[[nodiscard]] std::string fuzz_progress_line(const FuzzState& state);

// One line with its newline: level, rule, the schedule, where it is.
[[nodiscard]] std::string campaign_finding_line(const CampaignFinding& finding, const std::string& directory,
                                                const ConsoleStyle& style);

[[nodiscard]] std::string campaign_text(const CampaignResult& result, const ConsoleStyle& style);

}  // namespace selfconnect
