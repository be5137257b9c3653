// The call of `selfconnect fuzz` as a value, for the command and for its workers alike. Starts nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/campaign/campaign.h"
#include "harness/check/options.h"
#include "harness/check/schedule_runner.h"
#include "harness/cli/command_parser.h"
#include "harness/launch/command_line.h"

namespace selfconnect {

struct FuzzCall {
  CheckOptions options;               // of each run; its `out` is empty
  std::optional<std::uint64_t> seed;  // not given: the caller picks one
  CampaignDirectory directory;
  std::optional<std::chrono::nanoseconds> duration;
  std::optional<std::uint64_t> runs;
  std::size_t workers = 1;
  std::uint64_t most_events = 64;  // attempts of a schedule, before the quiet window
  bool until_finding = false;
  ScheduleRunner::Worlds worlds = ScheduleRunner::Worlds::kRecycled;
  std::optional<std::string> json;
  std::vector<GivenOption> given;  // options, as typed
  CommandLine given_command;       // what follows --, as typed; empty: it is the target file's
};

// `arguments` are those after "fuzz"; `cores`: the workers where --workers is not given.
[[nodiscard]] Parsed<FuzzCall> parse_fuzz_call(std::span<const std::string> arguments, std::size_t cores);

// The command that shows a finding again: with the options that a run depends on, without those of the campaign, and with
// secrets blacked out. `directory` is the finding's.
[[nodiscard]] CommandLine command_to_replay(const FuzzCall& call, const std::string& directory);

// The `arguments` of `call` for its workers, which all have `seed`.
[[nodiscard]] std::vector<std::string> with_seed(const FuzzCall& call, std::span<const std::string> arguments,
                                                 std::uint64_t seed);

}  // namespace selfconnect
