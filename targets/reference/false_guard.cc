// false_guard: takes every connection with equal ports for a self-connection, whatever the addresses.
// SPDX-License-Identifier: MIT
// selfconnect: run = false_guard {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = false-guard
#include "dial.h"

static bool same_port(int fd) {
  Address local{}, remote{};
  socklen_t local_length = sizeof local, remote_length = sizeof remote;
  getsockname(fd, &local.any, &local_length);
  getpeername(fd, &remote.any, &remote_length);
  return local.v4.sin_port == remote.v4.sin_port;  // at the same place in sockaddr_in6
}

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  for (Backoff backoff;; backoff.wait()) {
    const int fd = dial(server);
    if (fd < 0) continue;
    if (same_port(fd)) {
      close_with_reset(fd);
      continue;
    }
    if (converse(fd)) backoff.reset();
  }
}
