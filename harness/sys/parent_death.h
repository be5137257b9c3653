// A child that does not outlive who forked it, not even where that is killed.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

namespace selfconnect {

// For a child that was just forked: it is killed when the thread that forked it ends (PR_SET_PDEATHSIG), and ends at once
// where that has happened already. `parent`: getpid() before the fork.
void end_with_parent(pid_t parent);

}  // namespace selfconnect
