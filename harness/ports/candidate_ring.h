// Where an allocator's scan can start, and the port that it is given from there while no port is in use. The places form
// a ring, for the next scan starts some places further on. Pure; what prediction, simulation and recurrence have in common.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/ports/layout.h"
#include "harness/ports/policy.h"

namespace selfconnect {

// What a scan that starts at one place comes to.
struct ScanEnd {
  std::optional<std::uint16_t> port;  // nothing: EADDRNOTAVAIL, and the next scan starts here again
  std::uint16_t skipped = 0;          // reserved ports that it passed over, in the pass that found the port

  bool operator==(const ScanEnd&) const = default;
};

struct CandidateRing {
  std::vector<ScanEnd> places;  // in the order of the walk; a scan is as likely to start at each

  [[nodiscard]] std::vector<std::uint16_t> candidates() const;  // ports that come up, the lowest first
  [[nodiscard]] std::size_t places_leading_to(std::uint16_t port) const;
  [[nodiscard]] bool skips_nothing() const;  // then any candidate is as likely as any other
};

// Linux since 4.2 takes every second port: those of the low bound's parity, and the others when a scan found none of these.
[[nodiscard]] bool goes_by_parity(PolicyKind model);

// Linux since 4.2 rounds the length of the range down to an even one, starts nowhere else, and goes back by that length
// when it has passed the highest port (net/ipv4/inet_hashtables.c, __inet_hash_connect()). So the last port of an odd
// range has no place of its own, but a scan that skipped the one before comes to it, and goes on past the lowest.
[[nodiscard]] CandidateRing candidate_ring(PolicyKind model, const PortLayout& layout);

}  // namespace selfconnect
