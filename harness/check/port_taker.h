// Takes the port of a destination, for a listener or for a socket of the target that is to be connected to itself: removes what
// nobody uses any more, and says what else is in the way.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "harness/check/schedule_recorder.h"
#include "harness/net/endpoint.h"
#include "harness/ports/notify_target.h"
#include "harness/trace/sock_diag.h"
#include "harness/world/world.h"

namespace selfconnect {

// Why a port was not to be had.
struct Obstacle {
  std::string why;  // "port 50000 is held by the target's own self-connection of attempt 3"
  std::optional<std::uint64_t> held_by;  // attempt 3 of that example
};

// For the supervisor's thread.
class PortTaker {
 public:
  // Both outlive it. `seen` is told of every TIME-WAIT that was removed.
  PortTaker(const World& world, ScheduleRecorder& seen) : world_(world), seen_(seen) {}

  // Has `bind_it`, which is as bind(2), take the port; again and again, as long as something can be cleared out of its way.
  // `thread` is one of the target's.
  std::expected<void, Obstacle> take(const Endpoint& destination, pid_t thread,
                                     const std::function<int()>& bind_it);

  // What can be cleared out of the way. The error: a self-connection of the target, which is the target's to let go.
  enum class Way {
    kCleared,  // of a TIME-WAIT, or of a socket that the target has let go
    kUnknown,  // nothing is there to be seen
  };
  std::expected<Way, Obstacle> clear(const Endpoint& destination, pid_t thread);

  // The socket has been bound to the destination's port and connected to itself. Once it is dissolved it may be cleared.
  void note_self_connection(const Endpoint& destination, ino_t socket);

 private:
  [[nodiscard]] Obstacle held_by(const Endpoint& destination, const SocketLine& own) const;
  bool remove_time_wait(const SocketLine& line);
  bool let_beside_dissolved(const Endpoint& destination, pid_t thread);

  const World& world_;
  ScheduleRecorder& seen_;
  std::optional<SockDiag> sockets_;  // made when it is needed first
  DescriptorTaker taker_;
  std::map<Endpoint, std::set<ino_t>> self_connected_;
};

}  // namespace selfconnect
