// SPDX-License-Identifier: MIT
#include "harness/peer/listener.h"

namespace selfconnect {

Result<UniqueFd> listen_in(const World& world, const Endpoint& endpoint, Network network) {
  const int domain = endpoint.address.family() == Family::kIpv4 ? AF_INET : AF_INET6;
  auto socket = world.socket(domain, SOCK_STREAM | SOCK_NONBLOCK, 0, network);
  if (!socket) return std::unexpected(socket.error());
  const int on = 1;
  if (setsockopt(socket->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
    return std::unexpected(errno_error("setsockopt(SO_REUSEADDR)"));
  }
  sockaddr_storage storage{};
  const socklen_t length = endpoint.to_sockaddr(storage);
  if (bind(socket->get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) {
    return std::unexpected(errno_error("bind to " + endpoint.text()));
  }
  if (listen(socket->get(), SOMAXCONN) != 0)
    return std::unexpected(errno_error("listen on " + endpoint.text()));
  return socket;
}

}  // namespace selfconnect
