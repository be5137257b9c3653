// What an engine needs of the process that it decides the ports of: to be in a cgroup, or under a seccomp filter whose
// notifications it answers. A value; the launcher does it between fork and exec.
// SPDX-License-Identifier: MIT
#pragma once

#include <linux/filter.h>

#include <vector>

namespace selfconnect {

struct Confinement {
  int cgroup_procs = -1;  // the cgroup's cgroup.procs, opened for writing (cgroups(7)); -1: stays where it is
  std::vector<sock_filter>
      filter;            // for seccomp(2), SECCOMP_FILTER_FLAG_NEW_LISTENER; sets no_new_privs; empty: none
  int listener_to = -1;  // a Unix socket; is sent the filter's notification descriptor (SCM_RIGHTS)
};

// The two steps, for the process itself, between fork and exec: system calls only. False with errno set. The filter comes
// last: what it stops waits for an answer from then on.
[[nodiscard]] bool join_cgroup(const Confinement& confinement);
[[nodiscard]] bool install_filter(const Confinement& confinement);

}  // namespace selfconnect
