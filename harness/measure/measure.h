// A measurement: a client, or the built-in loop, dials in one fresh world after the other, and its attempts and
// self-connections are counted.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/measure/measurement.h"
#include "harness/measure/trial_tally.h"
#include "harness/net/endpoint.h"
#include "harness/ports/engine_choice.h"
#include "harness/ports/layout.h"
#include "harness/ports/policy.h"
#include "harness/sys/error.h"

namespace selfconnect {

struct MeasureOptions {
  std::vector<std::string> command;  // argv, with {port} and {host} not yet replaced
  Policy policy;  // without a seed each trial of a model has one of its own, drawn from `seed`
  EngineChoice engine = EngineChoice::kAuto;
  Endpoint destination;      // {host} and {port}; what `force` and the models are for
  PortLayout open;           // the world's range and reserved ports
  bool other_range = false;  // than this machine's
  TrialLimits limits;        // of each trial
  std::chrono::nanoseconds first_attempt = std::chrono::seconds(10);  // for the command to dial at all
  std::uint64_t trials = 1;
  // Each trial but the first dials an address of its own in 127.0.0.0/8. The kernel's walk over the ports is one of the
  // whole machine for each pair of addresses and port (inet_hashtables.c), so trials that follow each other would go on
  // with it.
  bool own_addresses = false;
  std::uint64_t seed = 0;
  std::filesystem::path out;  // for packets.pcap of each trial; empty: no packets are kept, which is faster
};

struct MeasureProgress {
  std::uint64_t trial = 1;  // from 1
  std::uint64_t trials = 1;
  std::uint64_t attempts = 0;  // in this trial
  std::uint64_t hits = 0;
  std::chrono::nanoseconds elapsed{};
};

// Called from the thread that calls measure().
class MeasureObserver {
 public:
  virtual ~MeasureObserver() = default;
  virtual void progress(const MeasureProgress&) {}
  // Something that the user should know now, without a full stop: that the command dials something else.
  virtual void note(const std::string&) {}
};

// Blocks until all trials are done, or SIGINT or SIGTERM ends them early, or a later one fails: then with what is known. Errors: no
// world or engine here, the command cannot be started, it dials nothing, or never the port of `destination`.
struct MeasureFailure {
  bool cannot_force = false;  // this machine cannot do it (skip); else an error
  std::string reason;
};
std::expected<Measurement, MeasureFailure> measure(const MeasureOptions& options, MeasureObserver& observer);

}  // namespace selfconnect
