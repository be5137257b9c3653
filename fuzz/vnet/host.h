// The machine that the client seems to run on: its clock, its descriptors, its TCP. One thread: all of it is used by the thread
// that runs the client.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "fuzz/vnet/descriptors.h"
#include "fuzz/vnet/network.h"
#include "fuzz/vnet/overseer.h"
#include "fuzz/vnet/virtual_time.h"

namespace selfconnect::vnet {

// What CLOCK_REALTIME and time(2) say when a run begins: 2001-09-09 01:46:40 UTC. CLOCK_MONOTONIC begins at one hour.
inline constexpr Time kRealTimeAtStart = std::chrono::seconds(1'000'000'000);
inline constexpr Time kMonotonicAtStart = std::chrono::hours(1);

class Host {
 public:
  // `memory` is for what sockets are, and has to stay.
  explicit Host(Overseer& overseer, std::pmr::memory_resource& memory = *std::pmr::new_delete_resource())
      : overseer_(&overseer), memory_(memory), network_(*this) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host();

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] Timers& timers() { return timers_; }
  [[nodiscard]] Descriptors& descriptors() { return descriptors_; }
  [[nodiscard]] const Descriptors& descriptors() const { return descriptors_; }
  [[nodiscard]] Network& network() { return network_; }
  [[nodiscard]] Overseer& overseer() { return *overseer_; }
  [[nodiscard]] std::pmr::memory_resource& memory() { return memory_; }
  [[nodiscard]] std::shared_ptr<TcpSocket> make_socket(Family family) {
    return std::allocate_shared<TcpSocket>(std::pmr::polymorphic_allocator<TcpSocket>(&memory_), *this,
                                           family);
  }

  // All that happens without time passing happens: segments arrive, far ends answer. Every call that did something ends with it.
  void settle() { network_.settle(); }

  enum class Waited { kCame, kTimeout, kStandstill };
  // Time moves, from one happening to the next, until `came` (asked again after each, and at once) or `limit`, a time of the
  // clock. kStandstill: there is no limit, nothing can ever happen, and the overseer could not help.
  template <class Came>
  Waited wait(const Came& came, std::optional<Time> limit) {
    while (true) {
      settle();
      if (came()) return Waited::kCame;
      if (const std::optional<Waited> over = pass_to_next(limit)) return *over;
    }
  }

  // The trace: one line per call and per segment. Nothing is written where nobody reads it.
  std::string* trace = nullptr;
  // "0.000000000 SYN 127.0.0.1:32768 > 127.0.0.1:6379"; the bytes as a schedule has them. Only where `trace` is set.
  void note_segment(std::string_view name, const Endpoint& from, const Endpoint& to, std::string_view bytes);

 private:
  std::optional<Waited> pass_to_next(std::optional<Time> limit);

  Overseer* overseer_;
  std::pmr::memory_resource& memory_;
  Time now_{};
  Timers timers_;
  Network network_;
  Descriptors descriptors_;
};

// The host of the run that goes on on this thread; null outside of runs. While it is null every call of the client is the real one.
[[nodiscard]] Host* current_host();

// Makes `host` the current one, and none again at the end. Runs do not nest.
class HostScope {
 public:
  explicit HostScope(Host& host);
  HostScope(const HostScope&) = delete;
  HostScope& operator=(const HostScope&) = delete;
  ~HostScope();
};

// None is the current one for its duration: for what strikes in the midst of a run and is no part of the client, a signal handler
// of the engine's. Async-signal-safe.
class HostAside {
 public:
  HostAside();
  HostAside(const HostAside&) = delete;
  HostAside& operator=(const HostAside&) = delete;
  ~HostAside();

 private:
  Host* aside_;
};

}  // namespace selfconnect::vnet
