// talks_to_itself: greets first, and only then looks whom it is connected to.
// SPDX-License-Identifier: MIT
// selfconnect: run = talks_to_itself {host} {port}
// selfconnect: kind = one-shot
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = talks-to-itself
#include "dial.h"

int main(int argc, char** argv) {
  const int fd = dial(parse_arguments(argc, argv));
  if (fd < 0) give_up(std::strerror(errno));
  say(fd, "HELLO\n");
  if (self_connected(fd)) {
    close_with_reset(fd);
    give_up("connected to itself");
  }
  converse(fd, "");
}
