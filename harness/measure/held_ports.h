// Which ports a self-connection holds, so that no other attempt can hit there. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>

#include "harness/trace/syn_ring.h"

namespace selfconnect {

// Who gave the sockets their ports.
enum class PortsBy {
  kKernel,  // a TIME_WAIT's port is given again after a second, on loopback (tcp_tw_reuse 2, tcp_tw_reuse_delay 1000: ip-sysctl)
  kEngine,  // by bind(2): after a minute
};

class HeldPorts {
 public:
  explicit HeldPorts(PortsBy by) : by_(by) {}

  void connected(const Syn& to_itself);
  // FIN or RST.
  void ended(const Syn& end);

  enum class State { kFree, kOpen, kTimeWait };
  [[nodiscard]] State at(const Syn& attempt) const;

 private:
  static constexpr std::size_t kMost = 1024;

  [[nodiscard]] std::chrono::nanoseconds time_wait_of(const Endpoint& destination) const;

  PortsBy by_;
  std::map<Endpoint, std::optional<Instant>> held_;  // since when in TIME_WAIT; nothing while it is open
};

}  // namespace selfconnect
