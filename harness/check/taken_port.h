// Who else has a port in the network at hand (World::here()), where nobody can be made to give it up.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "harness/world/world.h"

namespace selfconnect {

// "port 50000 is taken in the network at hand (LISTEN ...)": by whom as far as the socket table tells, which
// has no sockets that are only bound; or that it is a privileged one.
[[nodiscard]] std::string taken_port_text(const World& world, std::uint16_t port);

}  // namespace selfconnect
