// floods_stdout: is guarded and writes 2 MiB to standard output with each attempt.
// SPDX-License-Identifier: MIT
// selfconnect: run = floods_stdout {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = none
#include "dial.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  const std::string chatter(std::size_t{2} * 1024 * 1024, '.');
  for (Backoff backoff;; backoff.wait()) {
    std::fwrite(chatter.data(), 1, chatter.size(), stdout);
    const int fd = dial(server);
    if (fd < 0) continue;
    if (self_connected(fd)) {
      close_with_reset(fd);
      continue;
    }
    if (converse(fd)) backoff.reset();
  }
}
