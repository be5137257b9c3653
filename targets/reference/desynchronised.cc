// desynchronised: what it had queued for a self-connection comes first on the next real connection.
// SPDX-License-Identifier: MIT
// selfconnect: run = desynchronised {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = fail
// selfconnect: errors = desynchronised
// selfconnect: warnings = none
#include "dial.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  std::string to_send;
  for (Backoff backoff;; backoff.wait()) {
    const int fd = dial(server);
    if (fd < 0) continue;
    if (self_connected(fd)) {
      to_send += "BYE\n";  // the fault: queued, never sent, and not thrown away with the connection
      close_with_reset(fd);
      continue;
    }
    to_send += "HELLO desynchronised\n";
    const bool answered = converse(fd, to_send);
    to_send.clear();
    if (answered) backoff.reset();
  }
}
