// SPDX-License-Identifier: MIT
#include "harness/sys/parent_death.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

namespace selfconnect {

void end_with_parent(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != parent) _exit(1);
}

}  // namespace selfconnect
