// What a call of `selfconnect predict` asks for, from its words. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/cli/command_parser.h"
#include "harness/ports/prediction.h"
#include "harness/world/port_facts.h"

namespace selfconnect {

struct PredictCall {
  bool this_host = false;       // then the question lacks its port, and its range is to be read from the host
  PredictionQuestion question;  // of the default range of the model unless --range is given
  std::vector<PortRange> reserved;
  std::string pace;  // "every 1s", "at 10/s", or empty: not given
  std::optional<std::string> json;
};

// `running` is the model of the kernel at hand: what --kernel is unless given. Refused is also what cannot be answered:
// a range of no port, and a port that the parity rule keeps from ever being handed out.
[[nodiscard]] Parsed<PredictCall> parse_predict_call(std::span<const std::string> arguments,
                                                     PolicyKind running);

}  // namespace selfconnect
