// The ports that an allocator hands out while none of them is in use, in the order of its scan, as a ring: the pass of
// one parity on Linux since 4.2, the whole range elsewhere. Pure; what prediction and simulation have in common.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/ports/layout.h"
#include "harness/ports/policy.h"

namespace selfconnect {

struct CandidateRing {
  std::uint16_t first = 0;
  std::uint16_t step = 1;
  std::vector<bool> usable;  // a slot for each port: false: reserved

  [[nodiscard]] std::size_t slots() const { return usable.size(); }
  [[nodiscard]] std::size_t candidates() const;  // usable ones
  [[nodiscard]] std::optional<std::size_t> slot_of(std::uint16_t port) const;

  // How many places a scan can start at so that it ends at `slot`: the slot itself and the reserved ones just before it.
  [[nodiscard]] std::size_t starts_leading_to(std::size_t slot) const;
};

// Empty when every port is reserved. The second parity is taken where the first has no port left. The last port of an
// odd range is not in it: Linux since 4.2 rounds the length down.
[[nodiscard]] CandidateRing candidate_ring(PolicyKind model, const PortLayout& layout);

}  // namespace selfconnect
