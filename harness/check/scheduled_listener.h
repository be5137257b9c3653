// The listener at one destination of a schedule. Knows neither events nor attempts.
//
//            listen()         stop_listening()
//     gone ------------> up <------------------> down
//      ^                  |       listen()        |
//      +------------------+-----------------------+
//                       close()
//
// While it is down its port stays bound, which keeps nobody out who is bound beside it, and what was accepted lives on. The
// source ports whose SYNs do not get in are remembered, whatever becomes of the listener.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <vector>

#include "harness/check/port_taker.h"
#include "harness/net/endpoint.h"
#include "harness/sys/unique_fd.h"
#include "harness/world/world.h"

namespace selfconnect {

// For the supervisor's thread.
class ScheduledListener {
 public:
  // Gone. `world` and `ports` outlive it.
  ScheduledListener(const Endpoint& endpoint, const World& world, PortTaker& ports)
      : endpoint_(endpoint), world_(world), ports_(ports) {}

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

  // Up, if it was not. `thread` is one of the target's. The error: why there is none that listens.
  std::expected<void, Obstacle> listen(pid_t thread);
  void stop_listening();
  // The port is free, but for what was accepted.
  void close();

  // What gets in, while it is up: all but the SYNs, first or sent again, of the latest kMostPortsDropped source ports that were
  // dropped and not let in again. drop_all() and let_all_in() hold until the next call of another of these.
  void drop_all();
  void let_all_in();
  void drop(std::uint16_t source_port);
  void let_in_again(std::uint16_t source_port);
  [[nodiscard]] bool drops_any() const { return !dropped_.empty(); }

  // The connection of `client`, which is about to come or has come. Others that come before it are closed and counted.
  struct Accepted {
    UniqueFd socket;  // non-blocking; invalid: it did not come
    int strangers = 0;
    int error = 0;  // an errno: of accept(2), for want of descriptors or memory
  };
  [[nodiscard]] Accepted accept_from(const Endpoint& client) const;

 private:
  std::expected<void, Obstacle> bind_port(pid_t thread);
  void drop_known();

  Endpoint endpoint_;
  const World& world_;
  PortTaker& ports_;
  UniqueFd listener_;  // bound
  bool listening_ = false;
  std::vector<std::uint16_t> dropped_;  // source ports, the newest last
};

}  // namespace selfconnect
