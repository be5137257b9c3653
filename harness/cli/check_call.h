// The call of `selfconnect check` as a value: options, target file and command, merged and checked. Starts
// nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/check/options.h"
#include "harness/cli/command_parser.h"
#include "harness/cli/report_files.h"

namespace selfconnect {

struct CheckCall {
  CheckOptions options;               // its seed is `seed`, or 0
  std::optional<std::uint64_t> seed;  // not given: the caller picks one
  std::vector<ReportRequest> reports;
};

// `arguments` are those after "check". A target file (--target) is read; what the command line says goes
// before what the file says.
[[nodiscard]] Parsed<CheckCall> parse_check_call(std::span<const std::string> arguments,
                                                 std::span<const Reporter> reporters);

// The same for a command that takes these options and its own, which `parser` has been told already.
struct CheckVariant {
  std::string_view out = "Save trace, packets and output of each phase there";  // of --out
  std::string_view example = "selfconnect check -- redis-cli -p 50000 PING";    // of a call with a command
  bool own_schedules = false;  // it has its own, so there is no --phases, --schedule or --engine
};
[[nodiscard]] Parsed<CheckCall> parse_check_call(CommandParser& parser,
                                                 std::span<const std::string> arguments,
                                                 std::span<const Reporter> reporters,
                                                 const CheckVariant& variant = {});

// Runs it, reports, and returns the exit code.
[[nodiscard]] int run_check(CheckCall call);

}  // namespace selfconnect
