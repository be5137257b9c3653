// Counts one trial, SYN after SYN, up to its limits. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "harness/measure/held_ports.h"
#include "harness/measure/measurement.h"
#include "harness/ports/engine.h"
#include "harness/trace/syn_ring.h"

namespace selfconnect {

class TrialTally {
 public:
  // Hits are those at `port`. Waits go into `waits`, which is shared by the trials.
  TrialTally(const TrialLimits& limits, std::uint16_t port, PortsBy by, WaitSample& waits)
      : limits_(limits), port_(port), waits_(waits), held_(by) {
    counts_.held.emplace();
  }

  // In the order in which they were sent; `order`: that of the calls, where it is known. Of several threads the one that was given
  // its port later may send its SYN first: the first hit is numbered by the calls. Attempts are ignored once the trial is
  // over, but for those whose call came before the first hit's. Whether it was counted.
  bool add(const Syn& syn, const std::optional<CallOrder>& order = {});

  // The command is launched (again): no wait of the client's lies between two launches.
  void launched();

  // Attempts counted at one destination.
  [[nodiscard]] std::uint64_t counted(const Endpoint& destination) const;

  // Attempts at the port that neither hit nor met a self-connection that held it.
  [[nodiscard]] std::uint64_t misses() const { return misses_; }

  [[nodiscard]] bool is_over() const { return end_.has_value(); }  // a limit is reached
  [[nodiscard]] const std::optional<TrialEnd>& end() const { return end_; }
  [[nodiscard]] const AttemptCounts& counts() const { return counts_; }
  [[nodiscard]] const std::optional<FirstHit>& first_hit() const { return first_hit_; }
  [[nodiscard]] const std::optional<CallOrder>& first_hit_order() const { return first_hit_order_; }
  [[nodiscard]] std::chrono::nanoseconds elapsed() const { return last_at_ - first_at_.value_or(last_at_); }
  [[nodiscard]] std::optional<Instant> first_at() const { return first_at_; }
  [[nodiscard]] Instant last_at() const { return last_at_; }  // of the attempts counted
  // By their attempts; of clients that dial very many the first kMostDestinations.
  [[nodiscard]] const std::map<Endpoint, std::uint64_t>& destinations() const { return destinations_; }

 private:
  static constexpr std::size_t kMostDestinations = 1024;
  static constexpr std::size_t kMostThreads = 4096;  // whose SYNs may come in another order than their calls

  void count(const Syn& syn);
  void count_wait(const Syn& syn);
  void count_fate(const Syn& syn);
  void number(const Syn& syn, const std::optional<CallOrder>& order);
  [[nodiscard]] bool is_hit(const Syn& syn) const { return syn.to_itself() && syn.destination.port == port_; }
  [[nodiscard]] bool is_before_first_hit(const std::optional<CallOrder>& order) const;
  bool sent_again(const Syn& syn);

  TrialLimits limits_;
  std::uint16_t port_;
  WaitSample& waits_;
  HeldPorts held_;
  AttemptCounts counts_;
  std::uint64_t misses_ = 0;
  std::optional<FirstHit> first_hit_;
  std::optional<CallOrder> first_hit_order_;
  std::deque<CallOrder> recent_;  // before the first hit
  std::optional<Instant> first_at_;
  Instant last_at_{};
  std::optional<TrialEnd> end_;
  std::map<Endpoint, std::uint64_t> destinations_;
  std::map<Endpoint, Instant> last_;
  std::optional<Endpoint> first_of_launch_;
  std::vector<std::uint32_t> sequences_ = std::vector<std::uint32_t>(65536);  // the last of each source port
};

}  // namespace selfconnect
