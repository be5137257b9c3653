// leaves_time_wait: tells a self-connection but closes it with FIN, which keeps the server out for a minute.
// SPDX-License-Identifier: MIT
// selfconnect: run = leaves_time_wait {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = leaves-time-wait
#include "dial.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  for (Backoff backoff;; backoff.wait()) {
    const int fd = dial(server);
    if (fd < 0) continue;
    if (self_connected(fd)) {
      close(fd);
      continue;
    }
    if (converse(fd)) backoff.reset();
  }
}
