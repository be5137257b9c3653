// resets_backoff: takes any TCP success for a peer, and starts its backoff anew at each self-connection.
// SPDX-License-Identifier: MIT
// selfconnect: run = resets_backoff {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = resets-backoff
#include "dial.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  for (Backoff backoff;; backoff.wait()) {
    const int fd = dial(server);
    if (fd < 0) continue;
    backoff.reset();
    if (self_connected(fd)) {
      close_with_reset(fd);
      continue;
    }
    converse(fd);
  }
}
