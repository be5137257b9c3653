// leaks_memory: keeps half a MiB of each attempt for ever.
// SPDX-License-Identifier: MIT
// selfconnect: run = leaks_memory {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = leaks-memory
#include <vector>

#include "dial.h"

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  std::vector<std::string> history;
  for (Backoff backoff{.limit = std::chrono::milliseconds(60)};; backoff.wait()) {
    history.emplace_back(std::size_t{512} * 1024, 'x');
    const int fd = dial(server);
    if (fd < 0) continue;
    if (self_connected(fd)) {
      close_with_reset(fd);
      continue;
    }
    if (converse(fd)) backoff.reset();
  }
}
