// The mechanism that decides which source port a client gets. One engine is attached to one world.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "harness/net/endpoint.h"
#include "harness/ports/layout.h"
#include "harness/ports/policy.h"
#include "harness/sys/error.h"
#include "harness/world/confinement.h"
#include "harness/world/world.h"

namespace selfconnect {

// What a policy is applied to.
struct PolicyScope {
  PortLayout open;                            // the world's range and reserved ports
  std::set<std::uint16_t> never;              // besides the reserved ones
  Endpoint destination;                       // what `force` and the models are for
  Allocator allocator = Allocator::kConnect;  // which the client uses; told for `force` by range and hook
};

// The place of a call among all: by the policy's turn that it took; one that took none (its socket had a port already, or
// the kernel chooses) comes after the turns that were taken before it.
struct CallOrder {
  std::uint64_t turns = 0;  // taken by then, its own included
  std::uint64_t then = 0;   // calls without one so far; 0: it took its own
  auto operator<=>(const CallOrder&) const = default;
};

// Changes apply to the next connect() (or bind to port 0) in the world, also while the target runs.
class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;  // "range"

  // What the engine needs of the processes that it decides for, before their exec. Valid as long as the engine.
  [[nodiscard]] virtual Confinement confinement() const { return {}; }

  // Whether it has been asked for a port since it was made, the probe's left out. Engines that are not told say so of
  // every target; with the others, a target that dials all the same does it in a way that they do not see.
  [[nodiscard]] virtual bool was_asked() const { return true; }

  // From now on ports are given by `policy`, in a world whose range and reserved ports have been set to those of
  // `scope` (set_port_layout). Errors: the engine cannot do that policy, and which one can; it has no port to hand out.
  virtual Result<void> follow(const Policy& policy, const PolicyScope& scope) = 0;

  // What has to be done while a policy is followed: to be called several times a second. Error: the policy was not kept.
  virtual Result<void> keep_up() { return {}; }

  // From now on `port` is given to whoever asks, whenever it is free.
  virtual Result<void> force(std::uint16_t port, Allocator allocator) = 0;

  // The kernel's own choice again, but never one of `never`.
  virtual Result<void> release(const std::set<std::uint16_t>& never) = 0;

  // The calls of connect() since the last time, those that got no port among them, in no certain order; nullopt: it cannot tell, or
  // not of all.
  struct Call {
    std::chrono::steady_clock::time_point at;
    Endpoint destination;
    std::uint16_t port = 0;  // given, or that the socket had already; 0: the kernel's choice
    CallOrder order;
    pid_t thread = 0;          // as the harness sees it; 0: not told
    bool told_before = false;  // before the call went on: its thread may be killed in between
  };
  virtual std::optional<std::vector<Call>> take_calls() { return std::nullopt; }

  // Whether a connection to `destination` that is made now, as a process confined so would make it, connects to
  // itself. Closes it by RST, so that nothing stays behind. The caller has said force() before; the answer is what
  // makes a forced phase worth running.
  virtual Result<bool> probe(const Endpoint& destination, Allocator allocator) = 0;
};

// By the sysctls ip_local_port_range and ip_local_reserved_ports of the world (see layout.h). Works for every
// kind of client: static, threaded, io_uring. The world must outlive it.
std::unique_ptr<Engine> make_range_engine(const World& world);

// The probe itself: dials with a fresh TCP socket of the destination's family.
Result<bool> connects_to_itself(UniqueFd socket, const Endpoint& destination, Allocator allocator);

// With a socket of the world, of no process in it.
Result<bool> probe_self_connect(const World& world, const Endpoint& destination, Allocator allocator);

}  // namespace selfconnect
