// The call of `selfconnect measure`, from its words. Pure, but that the host's ports are the caller's to give.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>

#include "harness/cli/command_parser.h"
#include "harness/measure/measure.h"

namespace selfconnect {

struct MeasureCall {
  MeasureOptions options;  // the command is empty with --loop
  bool loop = false;
  std::optional<std::uint64_t> seed;
  std::optional<std::string> json, csv;
  std::optional<std::string> note;  // why no attempt can hit, where the run ends without a hit too
};

// `open`: the range and the reserved ports where no --range is given; `running`: the model of the kernel that runs.
[[nodiscard]] Parsed<MeasureCall> parse_measure_call(std::span<const std::string> arguments,
                                                     const PortLayout& open, PolicyKind running);

}  // namespace selfconnect
