// The SYNs of one network namespace, one for each attempt, and the ends of connections to oneself, read from a ring that the
// kernel fills (packet_mmap): to count attempts exactly without slowing them. Opening takes 15 ms (RCU), so this is for long measurements; see Capture.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"
#include "harness/trace/packet.h"
#include "harness/trace/packet_clock.h"

namespace selfconnect {

// The first packet of an attempt (RFC 9293 3.5), or one that ends a connection of a port to itself.
struct Syn {
  enum class Kind { kAttempt, kFin, kReset };
  Kind kind = Kind::kAttempt;
  Instant at{};
  Endpoint source;
  Endpoint destination;
  std::uint32_t sequence = 0;  // the same again: sent again, no new attempt

  [[nodiscard]] bool to_itself() const { return source == destination; }
};

class SynRing {
 public:
  // `socket`: socket(AF_PACKET, SOCK_DGRAM, 0), made in the namespace. `start` is the moment that Instant 0 means.
  static Result<SynRing> open(UniqueFd socket, std::chrono::steady_clock::time_point start);
  SynRing(SynRing&&) noexcept;
  SynRing& operator=(SynRing&&) noexcept;
  ~SynRing();

  // Hands over what is there, in order, and never waits: all that came in before the call. There is nothing to wait on,
  // for to wake a waiter for each SYN would cost the dialler as much as its SYN: look several times a second at least.
  void drain(const std::function<void(const Syn&)>& take);

  // SYNs that the ring had no room for, so far (PACKET_STATISTICS).
  Result<std::uint64_t> lost();

 private:
  class Mapping;
  SynRing(UniqueFd socket, std::unique_ptr<Mapping> mapping, PacketClock clock);

  std::size_t take_batch(std::span<Syn> syns, std::span<timespec> stamps);

  UniqueFd socket_;
  std::unique_ptr<Mapping> mapping_;
  PacketClock clock_;
  std::size_t next_ = 0;  // the frame to be read next
  std::uint64_t lost_ = 0;
};

}  // namespace selfconnect
