// SPDX-License-Identifier: MIT
#include "harness/ports/world_ports.h"

namespace selfconnect {

Result<void> set_port_layout(const World& world, const PortLayout& layout) {
  // With a line end, for an empty write would leave the old list standing.
  if (auto done = world.set_sysctl("net/ipv4/ip_local_reserved_ports", layout.reserved_text() + "\n"); !done)
    return done;
  return world.set_sysctl("net/ipv4/ip_local_port_range", layout.range_text());
}

}  // namespace selfconnect
