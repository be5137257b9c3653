// third_self_leaks: dissolves its third self-connection, but never closes its descriptor.
// SPDX-License-Identifier: MIT
// selfconnect: run = third_self_leaks {host} {port}
// selfconnect: planted = self*3 serve
// selfconnect: rule = leaks-fds
#include "ping.h"

// connect(2) to AF_UNSPEC resets the connection and frees the port; the descriptor stays.
static void dissolve(int fd) {
  const sockaddr nowhere{.sa_family = AF_UNSPEC, .sa_data = {}};
  connect(fd, &nowhere, sizeof nowhere);
}

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  int self_connections = 0;
  for (Pause pause;; pause.wait()) {
    const int fd = dial_for_a_while(server);
    if (fd < 0) continue;
    if (self_connected(fd)) {
      // Planted: two are closed, the third is not.
      constexpr int kLeaked = 3;
      if (kPlanted && ++self_connections == kLeaked) {
        dissolve(fd);
      } else {
        close_with_reset(fd);
      }
      continue;
    }
    const Outcome outcome = ask(fd, hear);
    close_with_reset(fd);
    if (outcome == Outcome::kPong) return pong();
  }
}
