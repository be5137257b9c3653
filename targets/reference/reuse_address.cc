// reuse_address: sets SO_REUSEADDR before it dials: its TIME_WAIT lets a server bind, so a FIN is harmless.
// SPDX-License-Identifier: MIT
// selfconnect: run = reuse_address {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = none
#include "dial.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  for (Backoff backoff;; backoff.wait()) {
    const int fd = new_socket(server);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (connect(fd, &server.any, length_of(server)) != 0 || self_connected(fd)) {
      close(fd);
      continue;
    }
    if (converse(fd)) backoff.reset();
  }
}
