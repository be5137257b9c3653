// How named kernels choose the source port of a connect() on an unbound TCP socket, as arithmetic with a
// seeded source of randomness. Used as policies, and by prediction.h. Pure; holds no lock and asks no kernel.
//
//   linux-2.6   2.6.15 to 4.1. Hash of the destination plus one hint for all, every port in turn (RFC 6056 3.3.3).
//               net/ipv4/inet_hashtables.c, __inet_hash_connect(), as of 3.18.
//   linux-4.2   4.2 to 5.17. The same, but in steps of two from an even offset; the other parity only when the first is
//               used up. As of 4.6, which made two passes of it; 4.2 to 4.5 take the next port of either parity when one
//               is in use, and 5.12 to 5.17 skip a port in 1 of 16 attempts and have 256 hints: not modelled.
//   linux-5.18  5.18 and later, and the stable kernels of mid-2022 and later (4.19.244 for one). Double hash (RFC 6056
//               3.3.4) over 65,536 hints, each attempt moves its hint on by 1 to 8 ports of the parity, and the hash
//               changes every ten seconds (net/core/secure_seq.c, EPHEMERAL_PORT_SHUFFLE_PERIOD). As of 6.8 and the
//               same on 6.18; ip_local_port_step_width (7.1) is off by default and not modelled.
//   freebsd     A random port every time, then the next ones in turn until one is free; the lowest port is reached only
//               from the highest. sys/netinet/in_pcb.c, in_pcb_lport_dest(), 14.
//   macos       One counter for all destinations, the next port in turn (net.inet.tcp.randomize_ports is 0 by default).
//               xnu bsd/netinet/in_pcb.c, in_pcbbind(), and tcp_subr.c.
//
// No kernel here hands out a port that is reserved or in use. Clients that bind to port 0 first take another path in
// Linux (inet_csk_find_open_port(), the other parity first), which is not modelled.
// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "harness/net/endpoint.h"
#include "harness/ports/layout.h"
#include "harness/ports/policy.h"
#include "harness/sys/random_source.h"

namespace selfconnect {

// How long linux-5.18 keeps the hash of a destination.
inline constexpr std::chrono::seconds kReseedPeriod{10};

// The range that the system has by default: 32768-60999 on Linux since 4.2, 32768-61000 before, 10000-65535 on
// FreeBSD, 49152-65535 on macOS; nothing reserved.
[[nodiscard]] PortLayout default_layout(PolicyKind model);

// The model of the Linux kernel with this release, "6.18.44" (uname -r). Stable kernels before 5.18 are taken for what
// their first release was. Nothing for a text of another form.
[[nodiscard]] std::optional<PolicyKind> model_of_release(std::string_view release);

class AllocatorModel {
 public:
  // `model` is one for which is_model() holds; `layout` its range and reserved ports.
  AllocatorModel(PolicyKind model, const PortLayout& layout, std::uint64_t seed);

  // Whether a port is free for the destination that is being dialled. Reserved ports are not asked about.
  using Usable = std::function<bool(std::uint16_t)>;

  // The port that connect() to `destination` gets; nullopt: EADDRNOTAVAIL. The source address is taken to follow from
  // the destination, as it does for an unbound socket. An empty `usable`: every port is free.
  std::optional<std::uint16_t> next(const Endpoint& destination, const Usable& usable = {});

  // kReseedPeriod has passed: linux-5.18 begins elsewhere, the others go on.
  void reseed() {
    if (model_ == PolicyKind::kLinux5_18) ++period_;
  }

 private:
  [[nodiscard]] bool is_free(std::uint32_t port, const Usable& usable) const;
  [[nodiscard]] std::uint64_t hash(const Endpoint& destination) const;
  std::optional<std::uint16_t> next_linux_2_6(const Endpoint& destination, const Usable& usable);
  // By parity, from `offset`; adds to `hint` what the model adds.
  std::optional<std::uint16_t> next_by_parity(std::uint32_t offset, std::uint32_t& hint,
                                              const Usable& usable);
  std::optional<std::uint16_t> next_in_turn(const Usable& usable);
  std::uint32_t& perturbation(std::uint32_t index);

  PolicyKind model_;
  std::uint32_t low_;
  std::uint32_t high_;  // inclusive
  std::bitset<65536> reserved_;
  RandomSource random_;
  std::uint64_t secret_;
  std::uint32_t period_ = 0;  // linux-5.18: the time seed
  std::uint32_t hint_ = 0;    // linux-2.6, linux-4.2: the hint; freebsd, macos: the last port
  std::unordered_map<std::uint32_t, std::uint32_t> perturbations_;  // linux-5.18, filled as it is used
};

}  // namespace selfconnect
