// SPDX-License-Identifier: MIT
#include "harness/sys/unique_fd.h"

#include <unistd.h>

namespace selfconnect {

void UniqueFd::reset(int fd) {
  if (const int old = std::exchange(fd_, fd); old >= 0) ::close(old);
}

}  // namespace selfconnect
