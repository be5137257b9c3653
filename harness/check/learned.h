// What the `refused` control teaches about a target: where it dials, how it gets its source ports, whether it stays.
// Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "harness/check/options.h"
#include "harness/check/stage.h"
#include "harness/ports/layout.h"
#include "harness/trace/attempt_log_recorder.h"
#include "harness/trace/trace.h"

namespace selfconnect {

inline constexpr std::size_t kMaxDestinations = 8;

struct Destination {
  Endpoint endpoint;
  Allocator allocator = Allocator::kConnect;
};

struct Learned {
  Family family = Family::kIpv4;
  Kind kind = Kind::kUnknown;
  std::vector<Destination> destinations;  // in order of first attempt, at most kMaxDestinations
  std::optional<std::chrono::nanoseconds> retry_interval;  // the longest seen
};

[[nodiscard]] std::vector<Destination> destinations_of(std::span<const DestinationStats> stats);

// Keeps those that --port and --host name. The error says what was dialled instead.
[[nodiscard]] StageResult<void> narrow(std::vector<Destination>& destinations, const CheckOptions& options);

// In the network at hand: keeps those that can be forced there, which are the loopback addresses 127.0.0.1 and ::1. The
// error says why there is none, or that somebody answers who is not ours.
[[nodiscard]] StageResult<void> keep_forcible(std::vector<Destination>& destinations, const Trace& refused);

// Forcing is by port, so of destinations that share one the first stands for all: it is the one that connects to
// itself.
[[nodiscard]] std::vector<Destination> one_per_port(std::vector<Destination> destinations);

// A target that ends by itself when it is refused is one-shot; one that stays is a reconnector.
[[nodiscard]] Kind kind_of(const Trace& refused);

[[nodiscard]] StageFailure dials_nothing(const Trace& refused);

}  // namespace selfconnect
