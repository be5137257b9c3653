// SPDX-License-Identifier: MIT
#include "harness/launch/inherited.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

namespace selfconnect {

void mend_inherited() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free one, which is this one. Not close-on-exec: it is as inherited as the others.
    (void)!open("/dev/null", O_RDWR);
  }
  signal(SIGCHLD, SIG_DFL);
}

}  // namespace selfconnect
