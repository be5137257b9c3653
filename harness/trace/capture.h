// Packets of one network namespace, read from an AF_PACKET socket with kernel timestamps.
// No ring and no libpcap: opening a ring costs 15 ms of RCU waits, a plain socket 0.01 ms.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"
#include "harness/trace/packet.h"
#include "harness/trace/packet_clock.h"

namespace selfconnect {

class Capture {
 public:
  // `socket`: socket(AF_PACKET, SOCK_DGRAM, 0), made in the namespace to be captured. Captures TCP over IPv4
  // and IPv6 on all its interfaces, each packet once. Those of lo are taken as they go out, which is before the call
  // that sends them returns: whatever a process has done is there (dev_queue_xmit_nit(); what comes in may have to
  // wait for ksoftirqd). `start` is the moment that Instant 0 means.
  static Result<Capture> open(UniqueFd socket, std::chrono::steady_clock::time_point start);
  Capture(Capture&&) noexcept;
  Capture& operator=(Capture&&) noexcept;
  ~Capture();

  // To wait on for packets.
  [[nodiscard]] int fd() const { return socket_.get(); }

  // Hands over what is there, at most about `limit` packets, and returns how many; never waits.
  // Less than `limit`: there are no more now.
  Result<std::size_t> drain(std::size_t limit, const std::function<void(const CapturedPacket&)>& take);

  // There is room for all that a network on this machine carries in some milliseconds. Not so for who has no CAP_NET_ADMIN over
  // the machine (net.core.rmem_max).
  [[nodiscard]] bool is_roomy() const { return roomy_; }
  // Packets that the kernel had no room for, so far (PACKET_STATISTICS).
  Result<std::uint64_t> lost();
  [[nodiscard]] std::uint64_t captured() const { return captured_; }
  // Instant 0 of a later phase in the same namespace.
  void restart(std::chrono::steady_clock::time_point start) { clock_ = PacketClock(start, read_clocks()); }
  // Gives the socket up, to be closed elsewhere: its close waits 15 ms.
  UniqueFd release() && { return std::move(socket_); }

 private:
  struct Batch;
  Capture(UniqueFd socket, bool roomy, PacketClock clock);

  UniqueFd socket_;
  bool roomy_ = false;
  std::unique_ptr<Batch> batch_;
  PacketClock clock_;
  std::uint64_t captured_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace selfconnect
