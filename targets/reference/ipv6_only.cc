// ipv6_only: is guarded and dials IPv6 only.
// SPDX-License-Identifier: MIT
// selfconnect: run = ipv6_only ::1 {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = none
#include "dial.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  if (server.any.sa_family != AF_INET6) {
    std::fprintf(stderr, "not an IPv6 address: %s\n", argv[1]);
    return 64;
  }
  for (Backoff backoff;; backoff.wait()) {
    const int fd = dial(server);
    if (fd < 0) continue;
    if (self_connected(fd)) {
      close_with_reset(fd);
      continue;
    }
    if (converse(fd)) backoff.reset();
  }
}
