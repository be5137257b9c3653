// What TCP remembers of hosts it talked to: round-trip times, windows, Fast Open cookies (ip-tcp_metrics(8)). A later
// connection of the same network namespace begins with it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

class World;

class TcpMetrics {
 public:
  static constexpr std::size_t kSockets = 1;  // our own

  // Who may not make it forget (CAP_NET_ADMIN in the machine's first user namespace) has it learn nothing from now on, but
  // for Fast Open (ip-sysctl of the kernel's documentation, tcp_no_metrics_save).
  static Result<TcpMetrics> open(const World& world);

  // All that is remembered in the namespace.
  Result<void> forget();

 private:
  TcpMetrics(UniqueFd netlink, std::uint16_t family) : netlink_(std::move(netlink)), family_(family) {}
  Result<void> forget_all();

  UniqueFd netlink_;
  std::uint16_t family_ = 0;
  bool learns_ = true;
};

}  // namespace selfconnect
