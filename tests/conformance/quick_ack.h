// Makes the kernel acknowledge at once what the loopback addresses are sent (ip-route(8), quickack). A delayed ACK (RFC 1122,
// 4.2.3.2) makes it depend on 40 ms of real time in which state a socket is found, which is no behaviour to compare.
// SPDX-License-Identifier: MIT
#pragma once

#include "harness/net/endpoint.h"
#include "harness/sys/error.h"

namespace selfconnect::conformance {

// `routes`: a NETLINK_ROUTE socket of the namespace. The route to `address` in its table `local` is replaced.
Result<void> acknowledge_at_once(int routes, const Address& address, unsigned prefix_length);

}  // namespace selfconnect::conformance
