// The few rtnetlink(7) requests that set up a world's links, addresses and routes, each acknowledged.
// Given a NETLINK_ROUTE socket that lives in the world. Uses libmnl for building and checking.
// SPDX-License-Identifier: MIT
#pragma once

#include "harness/net/endpoint.h"
#include "harness/sys/error.h"

namespace selfconnect::rtnetlink {

// The first interface of every network namespace.
inline constexpr unsigned kLoopbackIndex = 1;

Result<void> set_link_up(int socket, unsigned index);
Result<void> add_address(int socket, unsigned index, const Address& address, unsigned prefix_length);

// `ip route add local 0.0.0.0/0 dev lo` or `::/0`: every address is ours.
Result<void> add_any_local_route(int socket, Family family);

// `ip route add NETWORK/PREFIX dev INDEX table local`: more specific than the any-address route.
Result<void> add_link_route(int socket, unsigned index, const Address& network, unsigned prefix_length);

// A veth pair with the given interface indices; the peer is born in the network namespace `peer_net_ns`.
Result<void> add_veth(int socket, unsigned index, unsigned peer_index, int peer_net_ns);

}  // namespace selfconnect::rtnetlink
