// hangs: lets go of a self-connection, then neither ends nor tries again.
// SPDX-License-Identifier: MIT
// selfconnect: run = hangs {host} {port}
// selfconnect: kind = one-shot
// selfconnect: verdict = fail
// selfconnect: errors = hangs
// selfconnect: warnings = none
#include "dial.h"

int main(int argc, char** argv) {
  const int fd = dial(parse_arguments(argc, argv));
  if (fd < 0) give_up(std::strerror(errno));
  if (self_connected(fd)) {
    close_with_reset(fd);
    for (;;) pause();
  }
  converse(fd);
}
