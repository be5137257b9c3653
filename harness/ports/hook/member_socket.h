// A socket that a cgroup's programs take for one of the cgroup's own: a socket belongs to the cgroup of the process that
// made it, for ever.
// SPDX-License-Identifier: MIT
#pragma once

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

// A TCP socket made by a short-lived member of the cgroup (`procs`: its cgroup.procs, for writing) in a network.
Result<UniqueFd> make_member_socket(int procs, int net_ns, int domain);

}  // namespace selfconnect
