// ignores_sigterm: is guarded and ignores SIGTERM.
// SPDX-License-Identifier: MIT
// selfconnect: run = ignores_sigterm {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = none
#include <csignal>

#include "dial.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  std::signal(SIGTERM, SIG_IGN);
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
