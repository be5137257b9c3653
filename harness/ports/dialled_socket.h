// Questions to a socket that is about to be dialled or bound, and the port in its address. By descriptor, for whoever's it is.
// SPDX-License-Identifier: MIT
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>

namespace selfconnect {

// In network byte order. Of an IPv4 or IPv6 address.
[[nodiscard]] in_port_t& port_in(sockaddr_storage& address);

[[nodiscard]] bool is_tcp(int socket);

// Whether a bind() to port 0 of it leaves the choice to connect() (IP_BIND_ADDRESS_NO_PORT, ip(7)).
[[nodiscard]] bool binds_no_port(int socket);

// What a connect() of a TCP socket finds.
struct DialledSocket {
  sockaddr_storage
      own{};  // its address; port 0: it has none, or only the name of one that the kernel has taken back
  socklen_t length = 0;
  bool dials = false;  // no: it asks how an earlier connect() went
};
// Nothing where the socket does not say its address. May bind a closed socket to no port at that address, to tell.
[[nodiscard]] std::optional<DialledSocket> ask_dialled(int socket);

}  // namespace selfconnect
