// bind_zero: binds to port 0 before it dials, and so uses the kernel's other allocator.
// SPDX-License-Identifier: MIT
// selfconnect: run = bind_zero {host} {port}
// selfconnect: kind = one-shot
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = none
#include "dial.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  const bool ipv4 = server.any.sa_family == AF_INET;
  Address source{};
  source.any.sa_family = server.any.sa_family;
  if (ipv4)
    source.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  else
    source.v6.sin6_addr = in6addr_loopback;

  const int fd = new_socket(server);
  if (fd < 0 || bind(fd, &source.any, length_of(source)) != 0 ||
      connect(fd, &server.any, length_of(server)) != 0)
    give_up(std::strerror(errno));
  if (self_connected(fd)) {
    close_with_reset(fd);
    give_up("connected to itself");
  }
  converse(fd);
}
