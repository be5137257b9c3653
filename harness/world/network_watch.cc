// SPDX-License-Identifier: MIT
#include "harness/world/network_watch.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "harness/world/world.h"

namespace selfconnect {

namespace {

Result<UniqueFd> subscribe(const World& world, int protocol, std::span<const int> groups) {
  auto socket = world.socket(AF_NETLINK, SOCK_RAW, protocol);
  if (!socket) return socket;
  // One without an address of its own is left out of what the kernel itself reports.
  const sockaddr_nl any{.nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = 0, .nl_groups = 0};
  if (bind(socket->get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0) {
    return std::unexpected(errno_error("bind(netlink)"));
  }
  for (const int group : groups) {
    if (setsockopt(socket->get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) != 0) {
      return std::unexpected(errno_error("setsockopt(NETLINK_ADD_MEMBERSHIP)"));
    }
  }
  return socket;
}

// A message that was lost (ENOBUFS) was one.
bool has_message(const UniqueFd& socket) {
  return socket && (recv(socket.get(), nullptr, 0, MSG_DONTWAIT | MSG_PEEK) >= 0 || errno != EAGAIN);
}

}  // namespace

Result<NetworkWatch> NetworkWatch::begin(const World& world) {
  static constexpr std::array<int, 9> kRoutes = {RTNLGRP_LINK,        RTNLGRP_TC,         RTNLGRP_IPV4_IFADDR,
                                                 RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
                                                 RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE,  RTNLGRP_NEXTHOP};
  static constexpr std::array<int, 1> kNetfilter = {NFNLGRP_NFTABLES};
  auto routes = subscribe(world, NETLINK_ROUTE, kRoutes);
  if (!routes) return std::unexpected(routes.error());
  auto netfilter = subscribe(world, NETLINK_NETFILTER, kNetfilter);
  if (!netfilter && netfilter.error().code == EPROTONOSUPPORT) netfilter = UniqueFd();
  if (!netfilter) return std::unexpected(netfilter.error());
  return NetworkWatch(std::move(*routes), std::move(*netfilter));
}

Result<void> NetworkWatch::nothing_changed() {
  changed_ = changed_ || has_message(routes_) || has_message(netfilter_);
  if (changed_) return std::unexpected(error("a link, an address, a route or a rule was changed"));
  return {};
}

}  // namespace selfconnect
