// never_recovers: after a self-connection believes the port is wrong, and dials the next one for ever.
// SPDX-License-Identifier: MIT
// selfconnect: run = never_recovers {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = fail
// selfconnect: errors = never-recovers
// selfconnect: warnings = none
#include "dial.h"

int main(int argc, char** argv) {
  Address server = parse_arguments(argc, argv);
  const in_port_t next_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2]) + 1));
  for (Backoff backoff;; backoff.wait()) {
    const int fd = dial(server);
    if (fd < 0) continue;
    if (self_connected(fd)) {
      close_with_reset(fd);
      (server.any.sa_family == AF_INET ? server.v4.sin_port : server.v6.sin6_port) = next_port;
      continue;
    }
    if (converse(fd)) backoff.reset();
  }
}
