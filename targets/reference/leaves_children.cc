// leaves_children: starts a child that lives on when it ends.
// SPDX-License-Identifier: MIT
// selfconnect: run = leaves_children {host} {port}
// selfconnect: kind = one-shot
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = leaves-children
#include "dial.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  if (fork() == 0) {
    sleep(60);  // not for ever: the harness ends it, a run by hand must not keep it
    return 0;
  }
  const int fd = dial(server);
  if (fd < 0) give_up(std::strerror(errno));
  if (self_connected(fd)) {
    close_with_reset(fd);
    give_up("connected to itself");
  }
  converse(fd);
}
