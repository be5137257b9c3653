// SPDX-License-Identifier: MIT
#include "harness/ports/world_ports.h"

#include <array>

namespace selfconnect {

Result<void> set_port_layout(const World& world, const PortLayout& layout) {
  // With a line end, for an empty write would leave the old list standing.
  const std::string reserved = layout.reserved_text() + "\n";
  const std::string range = layout.range_text();
  const std::array<World::Sysctl, 2> sysctls{
      {{"net/ipv4/ip_local_reserved_ports", reserved}, {"net/ipv4/ip_local_port_range", range}}};
  return world.set_sysctls(sysctls);
}

}  // namespace selfconnect
