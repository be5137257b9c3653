// guarded: tells a self-connection by address and port, closes it with RST, backs off, and recovers.
// SPDX-License-Identifier: MIT
// selfconnect: run = guarded {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = none
#include "dial.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  for (Backoff backoff;; backoff.wait()) {
    const int fd = dial(server);
    if (fd < 0) continue;
    if (self_connected(fd)) {
      close_with_reset(fd);
      continue;
    }
    // A TCP success proves no peer; only what the server says does.
    if (converse(fd)) backoff.reset();
  }
}
