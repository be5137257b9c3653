// Which ephemeral range and reserved ports make the kernel hand out one port first, and realistic ones after
// it. Pure: the sysctl values and nothing else. Used by the range engine.
//
// Linux scans the range in two passes of one parity each (net/ipv4/inet_hashtables.c, __inet_hash_connect,
// since 4.2): connect() first tries the ports of the low bound's parity, bind(0) (inet_csk_find_open_port)
// first those of the other. With all other ports of P's parity reserved, the first pass has P alone; while P
// is busy the second pass gives its neighbours, so the client sees ECONNREFUSED as on any host.
//
//   connect()  low = P      [P]  .  x  .  x  .  x       P: first pass, .: second pass, x: reserved
//   bind(0)    low = P - 1   .  [P]  .  x  .  x  .
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace selfconnect {

// Which of the kernel's two allocators a client uses.
enum class Allocator {
  kConnect,  // connect() on an unbound socket, or IP_BIND_ADDRESS_NO_PORT
  kBind,     // bind() to port 0 first
};

struct PortLayout {
  std::uint16_t low = 32768;
  std::uint16_t high = 60999;  // inclusive
  std::set<std::uint16_t> reserved;

  [[nodiscard]] std::string range_text() const;     // for net.ipv4.ip_local_port_range: "50000 50063"
  [[nodiscard]] std::string reserved_text() const;  // for net.ipv4.ip_local_reserved_ports: "50002,50004"

  bool operator==(const PortLayout&) const = default;
};

// Hands out `port` whenever it is free. Two ports have no neighbours to offer while they are busy - 65535 for
// connect(), 1 for bind(0) - and then EADDRNOTAVAIL (EADDRINUSE for bind) is what a client sees.
[[nodiscard]] PortLayout forcing_layout(std::uint16_t port, Allocator allocator);

// The kernel's default range without `never`.
[[nodiscard]] PortLayout open_layout(std::set<std::uint16_t> never);

// Told by the parity of a source port that came of open_layout in a world without other connections.
[[nodiscard]] Allocator allocator_of(std::uint16_t source_port);

}  // namespace selfconnect
