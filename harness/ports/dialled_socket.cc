// SPDX-License-Identifier: MIT
#include "harness/ports/dialled_socket.h"

#include <netinet/tcp.h>

#include <cstddef>

namespace selfconnect {

namespace {

int option(int socket, int level, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  return getsockopt(socket, level, name, &value, &size) == 0 ? value : -1;
}

// Not connected, not connecting, not listening.
bool is_closed(int socket) {
  tcp_info info{};
  socklen_t size = sizeof(info.tcpi_state);
  return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_CLOSE;
}

// A connection of this closed socket has ended, as a refused non-blocking connect() has, and nobody has asked how: the next
// connect() does no more than that, also where SO_ERROR has been read (net/ipv4/af_inet.c: not SS_UNCONNECTED). It has its
// peer's name still, which goes when it is asked, or dissolved by AF_UNSPEC (tcp_disconnect()).
bool is_to_be_asked(int socket) {
  sockaddr_in peer{};
  socklen_t size = sizeof(peer);
  return getsockopt(socket, SOL_SOCKET, SO_PEERNAME, &peer, &size) == 0;
}

// Whether a closed socket that is called `own` has that port. One that the kernel chose is free again, and the name is left. Told
// by a bind() to none at all, which is EINVAL for one that has.
bool has_port(int socket, sockaddr_storage own, socklen_t length) {
  port_in(own) = 0;
  const int before = option(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT), on = 1;
  if (before < 0) return true;
  setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
  const bool was_bound = bind(socket, reinterpret_cast<const sockaddr*>(&own), length) != 0;
  setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &before, sizeof(before));
  return was_bound;
}

}  // namespace

in_port_t& port_in(sockaddr_storage& address) {
  // At the same place in both.
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  return reinterpret_cast<sockaddr_in&>(address).sin_port;
}

bool is_tcp(int socket) { return option(socket, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP; }

bool binds_no_port(int socket) { return option(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT) == 1; }

std::optional<DialledSocket> ask_dialled(int socket) {
  DialledSocket asked{.own = {}, .length = sizeof(sockaddr_storage), .dials = true};
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&asked.own), &asked.length) != 0) return std::nullopt;
  if (port_in(asked.own) == 0) return asked;
  asked.dials = is_closed(socket) && !is_to_be_asked(socket);
  if (asked.dials && !has_port(socket, asked.own, asked.length)) port_in(asked.own) = 0;
  return asked;
}

}  // namespace selfconnect
