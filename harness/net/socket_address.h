// An endpoint in the form that a socket of a given family takes: IPv4 is IPv4-mapped for an IPv6 socket (RFC 4291, 2.5.5.2), which
// refuses any other form of it. No system calls.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include "harness/net/endpoint.h"

namespace selfconnect {

// Fills `storage` for bind(2) or connect(2) of a socket of `family`; returns the length to pass.
socklen_t socket_address(const Endpoint& endpoint, Family family, sockaddr_storage& storage);

}  // namespace selfconnect
