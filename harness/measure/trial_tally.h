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

// What decides which attempts could hit.
struct PortRules {
  // The policy's ports in order, where they are handed out so: then attempts are numbered by that order, though of several threads
  // the later one may send its SYN first.
  std::vector<std::uint16_t> walk;
  std::uint16_t port = 0;  // of the destination whose first hit is asked for
  // The engine binds the sockets: then a TIME_WAIT holds its port for a minute. Else the kernel gives it again after a second, on
  // loopback addresses (tcp_tw_reuse 2, tcp_tw_reuse_delay 1000: ip-sysctl).
  bool bound = false;
};

class TrialTally {
 public:
  // Waits go into `waits`, which is shared by the trials.
  TrialTally(const TrialLimits& limits, const PortRules& rules, WaitSample& waits);

  // In the order in which they were sent. Attempts are ignored once the trial is over, but for those that were handed their port
  // before the first hit was.
  void add(const Syn& syn);

  // The command is launched (again): no wait of the client's lies between two launches.
  void launched();

  // Attempts counted at one destination.
  [[nodiscard]] std::uint64_t counted(const Endpoint& destination) const;

  [[nodiscard]] bool is_over() const { return end_.has_value(); }  // a limit is reached
  [[nodiscard]] bool complete() const { return is_over() && outstanding_ == 0; }
  // Nothing more is to come: of what is outstanding.
  void give_up_outstanding() { outstanding_ = 0; }
  [[nodiscard]] const std::optional<TrialEnd>& end() const { return end_; }
  [[nodiscard]] const AttemptCounts& counts() const { return counts_; }
  [[nodiscard]] const std::optional<FirstHit>& first_hit() const { return first_hit_; }
  [[nodiscard]] std::chrono::nanoseconds elapsed() const { return last_at_ - first_at_.value_or(last_at_); }
  [[nodiscard]] std::optional<Instant> first_at() const { return first_at_; }
  [[nodiscard]] Instant last_at() const { return last_at_; }  // of the attempts counted
  // By their attempts; of clients that dial very many the first kMostDestinations.
  [[nodiscard]] const std::map<Endpoint, std::uint64_t>& destinations() const { return destinations_; }

 private:
  static constexpr std::size_t kMostDestinations = 1024;

  void note_end(const Syn& syn);
  void count(const Syn& syn);
  void count_hit(const Syn& syn);
  [[nodiscard]] bool has_earlier_turn(const Syn& syn);
  void count_if_outstanding(const Syn& syn);
  void count_held(const Syn& syn);
  bool sent_again(const Syn& syn);
  void count_wait(const Syn& syn);
  [[nodiscard]] std::chrono::nanoseconds time_wait_of(const Endpoint& destination) const;

  TrialLimits limits_;
  bool bound_;
  std::vector<std::uint32_t> turns_;  // by port: its place in the walk, from 1
  std::size_t walk_length_;
  std::uint32_t hit_turn_;              // of that port; 0: it is not in the walk
  std::vector<std::uint8_t> had_turn_;  // by turn: whether it has been seen
  WaitSample& waits_;
  AttemptCounts counts_;
  std::optional<FirstHit> first_hit_;
  std::optional<Instant> first_at_;
  Instant last_at_{};
  std::uint64_t ahead_ = 0;        // attempts before the first hit that were handed their port after its was
  std::uint32_t latest_turn_ = 0;  // of those before the hit's
  Instant hit_at_{};
  std::uint64_t outstanding_ =
      0;  // attempts whose port comes before the first hit's in the walk, and that were not seen yet
  // Destinations whose port a self-connection holds: since when in TIME_WAIT; nothing while it is open.
  std::map<Endpoint, std::optional<Instant>> held_;
  std::optional<TrialEnd> end_;
  std::map<Endpoint, std::uint64_t> destinations_;
  std::map<Endpoint, Instant> last_;
  std::optional<Endpoint> first_of_launch_;
  std::vector<std::uint32_t> sequences_ = std::vector<std::uint32_t>(65536);  // the last of each source port
};

}  // namespace selfconnect
