// leaks_fds: dissolves each failed attempt, but never closes its descriptor.
// SPDX-License-Identifier: MIT
// selfconnect: run = leaks_fds {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = fail
// selfconnect: errors = leaks-fds
// selfconnect: warnings = none
#include "dial.h"

// connect(2) to AF_UNSPEC resets the connection and frees the port; the descriptor stays.
static void dissolve(int fd) {
  const sockaddr nowhere{.sa_family = AF_UNSPEC, .sa_data = {}};
  connect(fd, &nowhere, sizeof nowhere);
}

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  for (Backoff backoff{.limit = std::chrono::milliseconds(60)};; backoff.wait()) {
    const int fd = new_socket(server);
    if (fd < 0) continue;
    if (connect(fd, &server.any, length_of(server)) != 0 || self_connected(fd)) {
      dissolve(fd);
      continue;
    }
    if (converse(fd)) backoff.reset();
  }
}
