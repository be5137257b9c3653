// Counts one trial, SYN after SYN, up to its limits. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "harness/measure/measurement.h"
#include "harness/trace/syn_ring.h"

namespace selfconnect {

// Whichever comes first ends a trial.
struct TrialLimits {
  std::optional<std::uint64_t> attempts;
  std::optional<std::uint64_t> hits;
  std::optional<std::chrono::nanoseconds> duration;  // from the trial's first attempt
};

class TrialTally {
 public:
  // Waits go into `waits`, which is shared by the trials.
  TrialTally(const TrialLimits& limits, WaitSample& waits) : limits_(limits), waits_(waits) {
    counts_.held.emplace();
  }

  // In the order in which they were sent. Attempts are ignored once the trial is complete.
  void add(const Syn& syn);

  // The command is launched (again): no wait of the client's lies between two launches.
  void launched() { last_.clear(); }

  // Attempts seen at one destination, those after the limits too.
  [[nodiscard]] std::uint64_t seen(const Endpoint& destination) const;

  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] const AttemptCounts& counts() const { return counts_; }
  [[nodiscard]] const std::optional<FirstHit>& first_hit() const { return first_hit_; }
  [[nodiscard]] std::chrono::nanoseconds elapsed() const { return last_at_ - first_at_.value_or(last_at_); }
  [[nodiscard]] std::optional<Instant> first_at() const { return first_at_; }
  // By their attempts; of clients that dial very many the first kMostDestinations.
  [[nodiscard]] const std::map<Endpoint, std::uint64_t>& destinations() const { return destinations_; }

 private:
  static constexpr std::size_t kMostDestinations = 1024;

  void end(const Syn& syn);
  void count_held(const Syn& syn);
  bool sent_again(const Syn& syn);
  void count_wait(const Syn& syn);

  TrialLimits limits_;
  WaitSample& waits_;
  AttemptCounts counts_;
  std::optional<FirstHit> first_hit_;
  std::optional<Instant> first_at_;
  Instant last_at_{};
  // Destinations whose port a self-connection holds: since when in TIME_WAIT; nothing while it is open.
  std::map<Endpoint, std::optional<Instant>> held_;
  bool complete_ = false;
  std::map<Endpoint, std::uint64_t> destinations_;
  std::map<Endpoint, Instant> last_;
  std::vector<std::uint32_t> sequences_ = std::vector<std::uint32_t>(65536);  // the last of each source port
};

}  // namespace selfconnect
