// static: is guarded, ends at once, and is linked statically: no preloaded library can reach it.
// SPDX-License-Identifier: MIT
// selfconnect: run = static {host} {port}
// selfconnect: kind = one-shot
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = none
#include "dial.h"

int main(int argc, char** argv) {
  const int fd = dial(parse_arguments(argc, argv));
  if (fd < 0) give_up(std::strerror(errno));
  if (self_connected(fd)) {
    close_with_reset(fd);
    give_up("connected to itself");
  }
  converse(fd);
}
