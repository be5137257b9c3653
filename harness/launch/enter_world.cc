// SPDX-License-Identifier: MIT
#include "harness/launch/enter_world.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace selfconnect {

namespace {

// Runs after fork: system calls only. False with errno set.
bool join_namespaces(const EnterWorld& enter) {
  const int kinds = (enter.user_namespace ? CLONE_NEWUSER : 0) | CLONE_NEWPID | CLONE_NEWNS;
  if (setns(enter.init_pidfd, kinds) != 0 || setns(enter.net_ns, CLONE_NEWNET) != 0) return false;
  const pid_t inside =
      static_cast<pid_t>(syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr, 0));
  if (inside < 0) return false;
  if (inside > 0) {
    (void)!write(enter.report, &inside, sizeof(inside));
    _exit(0);
  }
  return true;
}

// Joining a mount namespace goes to its own root, which in a chroot is not the harness's.
bool restore_root(int root) {
  struct stat wanted{};
  struct stat got{};
  if (fstat(root, &wanted) != 0 || stat("/", &got) != 0) return false;
  if (wanted.st_dev == got.st_dev && wanted.st_ino == got.st_ino) return true;
  return fchdir(root) == 0 && chroot(".") == 0;
}

// In a user namespace a process starts with all capabilities over it. An exec as uid 0 would keep them,
// unless the bounding set is empty (capabilities(7)).
void drop_capabilities() {
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

void default_signals() {
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

EnterWorld::error_code EnterWorld::on_exec_setup(boost::process::v2::posix::default_launcher& /*launcher*/,
                                                 const path& /*executable*/,
                                                 const char* const*(& /*arguments*/)) const {
  const auto failure = [] { return error_code(errno, boost::system::system_category()); };
  if (!join_namespaces(*this) || !restore_root(root)) return failure();
  if (chdir(directory.c_str()) != 0) return failure();
  setsid();
  if (user_namespace) drop_capabilities();
  for (const auto& [resource, value] : limits) {
    const rlimit limit{value, value};
    if (setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return failure();
  }
  default_signals();
  return {};
}

void EnterWorld::on_exec_error(boost::process::v2::posix::default_launcher& /*launcher*/,
                               const path& /*executable*/, const char* const*(& /*arguments*/),
                               const error_code& /*error*/) const {
  _exit(127);  // exit() would run the harness's own destructors and flush its output twice
}

}  // namespace selfconnect
