// holds_port: waits 2.5 s for a server's greeting on every connection, then resets it and tries again.
// SPDX-License-Identifier: MIT
// selfconnect: run = holds_port {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = fail
// selfconnect: errors = holds-port
// selfconnect: warnings = none
#include <poll.h>

#include "dial.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  for (Backoff backoff;; backoff.wait()) {
    const int fd = dial(server);
    if (fd < 0) continue;
    pollfd greeting{.fd = fd, .events = POLLIN, .revents = 0};
    if (poll(&greeting, 1, 2500) != 1) {
      close_with_reset(fd);
      continue;
    }
    if (converse(fd)) backoff.reset();
  }
}
