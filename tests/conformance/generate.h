// Random sequences in which sockets meet: few sockets, few ports, and beginnings that make listeners, connections and
// self-connections before the rest is left to chance. Each sequence leaves some kinds of calls out altogether (swarm testing,
// Groce and others, 2012), so that the others come in numbers.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "call.h"

namespace selfconnect::conformance {

// The same for the same seed, everywhere.
[[nodiscard]] Sequence generate(std::uint64_t seed, Flavour flavour);

}  // namespace selfconnect::conformance
