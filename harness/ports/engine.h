// The mechanism that decides which source port a client gets. One engine is attached to one world.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string_view>

#include "harness/net/endpoint.h"
#include "harness/ports/layout.h"
#include "harness/sys/error.h"
#include "harness/world/confinement.h"
#include "harness/world/world.h"

namespace selfconnect {

// Changes apply to the next connect() (or bind to port 0) in the world, also while the target runs.
class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;  // "range"

  // What the engine needs of the processes that it decides for, before their exec. Valid as long as the engine.
  [[nodiscard]] virtual Confinement confinement() const { return {}; }

  // From now on `port` is given to whoever asks, whenever it is free.
  virtual Result<void> force(std::uint16_t port, Allocator allocator) = 0;

  // The kernel's own choice again, but never one of `never`.
  virtual Result<void> release(const std::set<std::uint16_t>& never) = 0;
};

// By the sysctls ip_local_port_range and ip_local_reserved_ports of the world (see layout.h). Works for every
// kind of client: static, threaded, io_uring. The world must outlive it.
std::unique_ptr<Engine> make_range_engine(const World& world);

// Whether a connection to `destination` that is made now connects to itself. Closes it by RST, so that
// nothing stays behind. The caller has said force() before; the answer is what makes a forced phase worth
// running.
Result<bool> probe_self_connect(const World& world, const Endpoint& destination, Allocator allocator);

}  // namespace selfconnect
