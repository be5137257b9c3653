// A listening socket in a world, made as a server would make it. Used by the built-in peer, and to find out
// whether a server could bind at all.
// SPDX-License-Identifier: MIT
#pragma once

#include "harness/net/endpoint.h"
#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"
#include "harness/world/world.h"

namespace selfconnect {

// socket, SO_REUSEADDR, bind, listen. Error::code is EADDRINUSE when somebody holds the port.
Result<UniqueFd> listen_in(const World& world, const Endpoint& endpoint, Network network = Network::kNear);

}  // namespace selfconnect
