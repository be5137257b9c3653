// What one phase is to be: the circumstances of one launch of the target. Values, made by check.cc.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/net/endpoint.h"
#include "harness/ports/layout.h"
#include "harness/trace/trace.h"

namespace selfconnect {

struct PhasePlan {
  Phase phase = Phase::kRefused;
  Family family = Family::kIpv4;              // of what stands for {host}
  std::optional<Endpoint> destination;        // forced, or served; none in `refused`
  Allocator allocator = Allocator::kConnect;  // that the target uses for this destination
  std::set<std::uint16_t> never;         // ports that must not become source ports while nothing is forced
  std::vector<Endpoint> served;          // `healthy`: where servers listen
  Schedule schedule;                     // `schedule` and `single-event`
  bool may_end = false;                  // `healthy`: a target that has been answered gets time to end
  bool quick = false;                    // blocked for good is enough to end the phase; no counters
  bool ends_when_served = false;         // so it was in `healthy`
  bool succeeds_when_served = false;     // likewise: its success pattern came
  std::vector<Address> local_addresses;  // of destinations
  Kind kind = Kind::kUnknown;
  std::optional<std::chrono::nanoseconds> retry_interval;  // the target's longest, seen in `refused`
  std::chrono::nanoseconds timeout{};
};

}  // namespace selfconnect
