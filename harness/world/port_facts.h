// What the kernel says about local ports, as values: the ephemeral range, the reserved ports, who listens.
// Pure: from the text of the files in /proc. Used by `doctor`.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/net/endpoint.h"
#include "harness/sys/error.h"

namespace selfconnect {

// Both ends belong to it.
struct PortRange {
  std::uint16_t low = 0;
  std::uint16_t high = 0;

  [[nodiscard]] bool contains(std::uint16_t port) const { return low <= port && port <= high; }
  auto operator<=>(const PortRange&) const = default;
};

// net.ipv4.ip_local_port_range: "32768\t60999\n".
[[nodiscard]] Result<PortRange> parse_port_range(std::string_view text);

// net.ipv4.ip_local_reserved_ports: "8080,9000-9010\n", or nothing but white space.
[[nodiscard]] Result<std::vector<PortRange>> parse_port_list(std::string_view text);
[[nodiscard]] std::string port_list_text(std::span<const PortRange> ports);  // as it is written there

// The sockets in state LISTEN in /proc/net/tcp or /proc/net/tcp6 (proc_net_tcp in the kernel's
// documentation). Lines that are not of that form are left out.
[[nodiscard]] std::vector<Endpoint> parse_listeners(std::string_view text);

// Those whose port may be given to a client as its own: in the range, and not reserved. By port; where
// several listen on one port, the first.
[[nodiscard]] std::vector<Endpoint> listeners_at_risk(std::span<const Endpoint> listeners, PortRange range,
                                                      std::span<const PortRange> reserved);

// The reserved ports with these listeners' ports among them, sorted.
[[nodiscard]] std::vector<PortRange> with_ports(std::span<const PortRange> reserved,
                                                std::span<const Endpoint> listeners);

}  // namespace selfconnect
