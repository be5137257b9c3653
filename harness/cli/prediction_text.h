// Predictions as `predict` shows them to people. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "harness/net/endpoint.h"
#include "harness/ports/prediction.h"
#include "harness/world/port_facts.h"

namespace selfconnect {

// What was asked about a port, who listens on it (with --this-host), and the answer.
struct PredictedPort {
  PredictionQuestion question;
  std::optional<Endpoint> listener;
  Prediction prediction;
};

[[nodiscard]] std::set<std::uint16_t> ports_of(std::span<const PortRange> ranges);
[[nodiscard]] std::string range_text(const PredictionQuestion& question);  // "32768-60999"

// Why the port is not handed out while any other is free, though it is in the range, and which port or range would
// be; nothing where it is not so.
[[nodiscard]] std::optional<std::string> parity_reason(const PredictionQuestion& question);

// Something that keeps the client from connecting to itself, what to type for it, and what is left of the risk.
struct Mitigation {
  std::string what;
  std::string command;  // empty: none
  std::string effect;
};
[[nodiscard]] std::vector<Mitigation> mitigations(const PredictionQuestion& question,
                                                  std::span<const PortRange> reserved);

// One port in full. `pace` as in PredictCall.
[[nodiscard]] std::string prediction_text(const PredictedPort& port, std::span<const PortRange> reserved,
                                          std::string_view pace);

// The likeliest first, then by port.
void sort_by_risk(std::vector<PredictedPort>& ports);

// A line for each port, as they are sorted, and the command that reserves them all. All of one machine.
[[nodiscard]] std::string prediction_table(std::span<const PredictedPort> ports,
                                           const PredictionQuestion& common,
                                           std::span<const PortRange> reserved, std::string_view pace);

}  // namespace selfconnect
