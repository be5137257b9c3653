// What `selfconnect measure` finds: how often a client dials, how often that connects it to itself, and when first.
// Values only.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/measure/proportion.h"
#include "harness/measure/waits.h"
#include "harness/net/endpoint.h"
#include "harness/ports/policy.h"

namespace selfconnect {

struct FirstHit {
  std::uint64_t attempt = 0;         // of the trial, from 1
  std::chrono::nanoseconds after{};  // since the trial's first attempt
};

// Attempts that could not hit, for an earlier hit held the port.
struct HeldPort {
  std::uint64_t open = 0;       // it was open still
  std::uint64_t time_wait = 0;  // in TIME_WAIT
};

// At other ports than the one that was named, of which the policy and its figures say nothing.
struct Elsewhere {
  std::uint64_t attempts = 0;
  std::uint64_t hits = 0;
};

// Attempts, by what became of them. An attempt is a SYN, so one that the kernel had no port for is none.
struct AttemptCounts {
  std::uint64_t attempts = 0;  // those elsewhere too
  std::uint64_t hits = 0;      // of those at the named port: connected to themselves
  Elsewhere elsewhere;
  std::uint64_t refused = 0;  // answered by RST
  std::uint64_t even = 0;     // by the parity of the source port
  std::uint64_t odd = 0;
  std::optional<HeldPort> held;            // where packets are seen
  std::optional<std::uint64_t> exhausted;  // connect() calls that got no port; where the engine can tell

  [[nodiscard]] std::uint64_t not_hits() const { return attempts - hits - elsewhere.hits; }
  // What is not known of both is not known of the sum.
  [[nodiscard]] AttemptCounts operator+(const AttemptCounts& other) const;
};

// Whichever comes first ends a trial.
struct TrialLimits {
  std::optional<std::uint64_t> attempts;
  std::optional<std::uint64_t> hits;
  std::optional<std::chrono::nanoseconds> duration;  // from the trial's first attempt
};

// Which limit ended a trial.
enum class TrialEnd { kAttempts, kHits, kDuration };
[[nodiscard]] std::string_view trial_end_name(TrialEnd end);  // "attempts", "hits", "duration"

// One world, from its first attempt on.
struct Trial {
  AttemptCounts counts;
  std::optional<FirstHit> first_hit;
  std::chrono::nanoseconds elapsed{};  // from the first attempt to the last one counted
  std::uint64_t launches = 0;          // of the command: a one-shot is launched again and again
  std::uint64_t lost = 0;              // attempts that were missed: then the counts are too low
  // Ports that the policy gave before the first hit and somebody else had; nothing in a world, where nobody else is.
  std::uint64_t passed_over = 0;
  std::optional<TrialEnd> end;  // nothing: interrupted
};

struct Measurement {
  std::vector<std::string> command;  // empty: the built-in loop
  Policy policy;
  std::string engine;  // "range"
  std::string engine_reason;
  std::string isolation;  // "netns"
  std::string kernel;
  std::uint64_t seed = 0;
  std::uint16_t port = 0;  // the named one
  // At the named port, if that was dialled; of the first trial, the most dialled.
  std::optional<Endpoint> destination;
  TrialLimits limits;
  std::string range;                    // "32768 60999"
  std::optional<std::uint64_t> stated;  // the attempt at which the policy must hit first, where it says so

  // Several trials went on with one walk of the kernel's over the ports (MeasureOptions::own_addresses), and so are not
  // independent of each other.
  bool one_walk = false;

  std::vector<Trial> trials;
  AttemptCounts counts;  // of all trials
  std::chrono::nanoseconds elapsed{};
  Waits waits;  // between attempts at one destination
  bool interrupted = false;
  std::optional<std::string> failure;  // why a later trial came to nothing; none is after it

  [[nodiscard]] std::optional<FirstHit> first_hit() const;  // of the first trial that has one
  [[nodiscard]] double attempts_per_second() const;
  [[nodiscard]] Proportion hit_rate() const;  // per attempt at the named port
};

}  // namespace selfconnect
