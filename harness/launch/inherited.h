// What a process may have inherited that launching cannot live with: standard descriptors that are closed, so that a
// pipe or a socket becomes descriptor 1 and is overwritten in the child; SIGCHLD ignored, so that children are reaped by
// the kernel and their exit status is lost (waitpid(2)).
// SPDX-License-Identifier: MIT
#pragma once

namespace selfconnect {

// Opens /dev/null for those of descriptors 0 to 2 that are closed, and gives SIGCHLD its default again. Before the first
// descriptor is opened and the first child is made.
void mend_inherited();

}  // namespace selfconnect
