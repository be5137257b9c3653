// SPDX-License-Identifier: MIT
#include "harness/world/confinement.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/sys/descriptor_message.h"

namespace selfconnect {

namespace {

int set_filter(const sock_fprog& program, unsigned flags) {
  return static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

}  // namespace

bool join_cgroup(const Confinement& confinement) {
  return confinement.cgroup_procs < 0 || write(confinement.cgroup_procs, "0", 1) == 1;
}

bool install_filter(const Confinement& confinement) {
  if (confinement.filter.empty()) return true;
  const sock_fprog program{static_cast<unsigned short>(confinement.filter.size()),
                           const_cast<sock_filter*>(confinement.filter.data())};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  // Once its notification is received a call is not interrupted by signals (Linux 5.19): it would be stopped again, and
  // be taken for another one.
  int listener =
      set_filter(program, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
  if (listener < 0 && errno == EINVAL) listener = set_filter(program, SECCOMP_FILTER_FLAG_NEW_LISTENER);
  if (listener < 0 || !send_message(confinement.listener_to, char{}, std::array{listener})) return false;
  close(listener);
  return true;
}

}  // namespace selfconnect
