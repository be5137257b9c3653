// Socket addresses as clients pass them, to and from endpoints. Internal to this folder.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include "harness/net/endpoint.h"

namespace selfconnect::vnet {

// Checks as the kernel does for a socket of `family`: 0 and `endpoint`, or -EINVAL (too short), -EAFNOSUPPORT.
int read_sockaddr(const sockaddr* address, socklen_t length, Family family, Endpoint& endpoint);

// As getsockname(2): cuts it to *length, and sets that to what it would have been. -EINVAL for a negative length.
int write_sockaddr(const Endpoint& endpoint, Family family, sockaddr* address, socklen_t* length);

}  // namespace selfconnect::vnet
