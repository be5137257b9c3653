// spins: tells a self-connection and closes it with RST, but dials again without a pause.
// SPDX-License-Identifier: MIT
// selfconnect: run = spins {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = spins
#include "dial.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  for (;;) {
    const int fd = dial(server);
    if (fd < 0) continue;
    if (self_connected(fd)) {
      close_with_reset(fd);
      continue;
    }
    converse(fd);
  }
}
