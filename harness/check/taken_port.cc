// SPDX-License-Identifier: MIT
#include "harness/check/taken_port.h"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "harness/net/endpoint.h"
#include "harness/trace/sock_diag.h"

namespace selfconnect {

namespace {

// ip_unprivileged_port_start (ip(7)).
bool may_bind(const World& world, std::uint16_t port) {
  const auto socket = world.socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_storage address{};
  const socklen_t length = Endpoint{Address::loopback(Family::kIpv4), port}.to_sockaddr(address);
  return !socket || bind(socket->get(), reinterpret_cast<const sockaddr*>(&address), length) == 0 ||
         errno != EACCES;
}

}  // namespace

std::string taken_port_text(const World& world, std::uint16_t port) {
  if (!may_bind(world, port)) {
    return fmt::format(
        "port {} cannot be bound by this user in the network at hand: have the client dial one from 1024 on",
        port);
  }
  std::string by;
  if (auto socket = world.socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG)) {
    const auto lines = SockDiag(std::move(*socket)).sockets(port, Instant{});
    if (lines && !lines->empty()) by = fmt::format(" ({})", lines->front().text());
  }
  return fmt::format("port {} is taken in the network at hand{}", port, by);
}

}  // namespace selfconnect
