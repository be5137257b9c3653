// The engine `hook`: a BPF program on the cgroup of the target binds each of its TCP sockets to the policy's next port
// before it is connected, or when it is bound to port 0. Works for every kind of client: static, threaded, io_uring, TCP
// Fast Open. Needs root (CAP_BPF, CAP_NET_ADMIN) and Linux 5.17; touches no process outside that cgroup.
//
// What differs from a port that the kernel chooses: the socket is bound, as by the client's own bind().
// - A socket that is dialled again after a refusal, or after connect(AF_UNSPEC), keeps its port until it is closed.
// - A port in TIME_WAIT is not given again before a minute is over, unless the client sets SO_REUSEADDR each time; the
//   kernel's own choice takes it after a second where tcp_tw_reuse allows.
// - No other connect() in the same network is handed the port meanwhile.
// - A socket that dials the loopback address from another port than the destination's is bound to that address, as
//   connect() would bind it; dialled again elsewhere it keeps it.
// A socket that the client has bound to a port itself is left alone.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "harness/ports/engine.h"
#include "harness/ports/policy.h"

namespace selfconnect {

// One decision of the program.
struct HookEvent {
  enum class Call { kConnect, kBind };
  Call call = Call::kConnect;
  std::chrono::steady_clock::time_point at;
  Endpoint destination;    // of a connect()
  pid_t process = 0;       // as the host sees it
  std::uint16_t port = 0;  // given, or that the socket had already; 0: the kernel's choice
  int error = 0;           // errno of the bind, and then the kernel chose
  // Which port of a policy's table it was, from 0; nothing where the socket had its port, or the policy has no table.
  std::optional<std::uint64_t> turn;
};

struct HookEvents {
  std::vector<HookEvent> events;  // the order of their attempts is that of `turn`
  std::uint64_t lost = 0;         // since the engine was made, for want of room (some 130,000 events)
};

// For one thread. By any policy: with `sequential` attempt k gets the k-th port of the policy that is free, each port once
// until all have had their turn, with any number of threads; so do the models and `random`, whose ports are drawn ahead
// (drawn_ahead.h), the models' for the scope's destination: keep_up() goes on with it. At bind() to port 0 the next port
// is not tried: EADDRINUSE where it is taken. Under force(), and the policy `force` where the scope says that clients bind, a bind to port 0 is
// given the port by the world's range and reserved ports, as under the engine `range`: the program cannot know there whether a
// port is free.
class HookEngine : public Engine {
 public:
  // How often it was dialled. IPv4-mapped destinations are IPv4 ones. Counted for the first 4,096 destinations.
  [[nodiscard]] virtual std::uint64_t attempts(const Endpoint& destination) const = 0;

  // What has happened since the last call.
  virtual HookEvents take_events() = 0;
};

// The world must outlive it. Its processes are killed when it ends. Errors say what lacks: built without BPF, no
// privilege, no cgroup v2.
Result<std::unique_ptr<HookEngine>> make_hook_engine(const World& world);

}  // namespace selfconnect
