// SPDX-License-Identifier: MIT
#include "harness/launch/world_launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "harness/launch/inherited.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

namespace {

namespace bp = boost::process::v2;

// ThreadSanitizer's clone(2) does what belongs to a fork(2), and ends where the child shares its memory. glibc's other
// name for it is the system call alone.
#ifdef __clang__
#if __has_feature(thread_sanitizer)
extern "C" int __clone(int (*)(void*), void*, int, void*, ...);
#define clone __clone
#endif
#endif

constexpr std::size_t kStackSize = 64 * 1024;
using Stack = std::unique_ptr<std::byte[]>;

// All that the two children need. They run in the harness's memory while it waits: system calls only.
struct Launch {
  const Entrance& entrance;
  WorldLauncher& launcher;
  bp::process_stdio& stdio;
  const WorldLauncher::path& executable;
  const char* const* arguments;
  Stack first_stack = std::make_unique_for_overwrite<std::byte[]>(kStackSize);
  Stack second_stack = std::make_unique_for_overwrite<std::byte[]>(kStackSize);
  bool entered = false;  // the first child has, and the process is born in the namespaces
  pid_t process = -1;    // as the host sees it
  int error = 0;         // an errno
};

// Returns the child's pid once it has ended or called exec; -1 with errno set.
pid_t clone_and_wait(int (*run)(void*), const Stack& stack, int flags, Launch& launch) {
  return clone(run, stack.get() + kStackSize, CLONE_VM | CLONE_VFORK | SIGCHLD | flags, &launch);
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

bool set_limits(const std::vector<std::pair<int, rlim_t>>& limits) {
  const auto& open_files = inherited_open_files();
  if (open_files && setrlimit(RLIMIT_NOFILE, &*open_files) != 0) return false;
  for (const auto& [resource, value] : limits) {
    const rlimit limit{value, value};
    if (setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return false;
  }
  return true;
}

bool set_stdio(Launch& launch) {
  const bp::error_code ec =
      bp::posix::detail::on_exec_setup(launch.launcher, launch.executable, launch.arguments, launch.stdio);
  errno = ec.value();
  return !ec;
}

// The namespaces that a process joins for itself: all but the PID namespace, unless `children` says CLONE_NEWPID.
bool enter(const Entrance& entrance, int children) {
  const int user = entrance.user_namespace ? CLONE_NEWUSER : 0;
  const int net = entrance.net_ns < 0 ? CLONE_NEWNET : 0;
  return setns(entrance.init_pidfd, user | net | CLONE_NEWNS | children) == 0 &&
         (net != 0 || setns(entrance.net_ns, CLONE_NEWNET) == 0);
}

// False with errno set.
bool prepare(Launch& launch) {
  const Entrance& entrance = launch.entrance;
  const bool enters = entrance.init_pidfd >= 0;
  if (enters && (!restore_root(entrance.root) || chdir(entrance.directory.c_str()) != 0)) return false;
  // Where no PID namespace ends it together with the harness.
  if (!enters && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return false;
  setsid();
  if (entrance.user_namespace) drop_capabilities();
  if (!join_cgroup(entrance.confinement)) return false;
  default_signals();
  if (!set_stdio(launch)) return false;
  close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  if (entrance.kept_descriptor >= 0 && fcntl(entrance.kept_descriptor, F_SETFD, 0) != 0) return false;
  // The limits last: the filter's listener takes a descriptor.
  return install_filter(entrance.confinement) && set_limits(entrance.limits);
}

// On a stack of its own AddressSanitizer would complain about each call that does not return.
#define SELFCONNECT_NO_SANITIZE_ADDRESS __attribute__((no_sanitize_address))

// The process itself.
SELFCONNECT_NO_SANITIZE_ADDRESS int become_the_command(void* argument) {
  Launch& launch = *static_cast<Launch*>(argument);
  const bool here = launch.entered || launch.entrance.init_pidfd < 0;
  if ((here || enter(launch.entrance, 0)) && prepare(launch)) {
    execve(launch.executable.c_str(), const_cast<char* const*>(launch.arguments),
           const_cast<char* const*>(launch.launcher.env));
  }
  launch.error = errno;
  _exit(127);
}

// The first child.
SELFCONNECT_NO_SANITIZE_ADDRESS int enter_and_launch(void* argument) {
  Launch& launch = *static_cast<Launch*>(argument);
  launch.entered = enter(launch.entrance, CLONE_NEWPID);
  if (launch.entered) {
    launch.process = clone_and_wait(become_the_command, launch.second_stack, CLONE_PARENT, launch);
  }
  if (launch.process < 0) launch.error = errno;
  _exit(0);
}

// While it lives this thread's children are born in init's PID namespace, where that can be and there is a way back: neither
// where init has a user namespace, nor where the harness has one and is in a PID namespace that is older, as under
// `unshare --map-root-user`. No thread can be made meanwhile.
class ChildrenInside {
 public:
  explicit ChildrenInside(const Entrance& entrance) {
    if (entrance.init_pidfd < 0 || entrance.user_namespace) return;
    own_.reset(open("/proc/thread-self/ns/pid", O_RDONLY | O_CLOEXEC));
    if (!own_) return;
    const bool may_come_back = setns(own_.get(), CLONE_NEWPID) == 0;
    if (!may_come_back || setns(entrance.init_pidfd, CLONE_NEWPID) != 0) own_.reset();
  }
  ~ChildrenInside() {
    if (own_ && setns(own_.get(), CLONE_NEWPID) != 0) std::abort();
  }
  ChildrenInside(const ChildrenInside&) = delete;
  ChildrenInside& operator=(const ChildrenInside&) = delete;

  [[nodiscard]] bool are() const { return static_cast<bool>(own_); }

 private:
  UniqueFd own_;  // this process's, to go back to
};

// No handler of the harness may run in a child: it would find the harness's memory, and be in another process.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

void reap(pid_t pid) {
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
}

}  // namespace

Result<pid_t> WorldLauncher::launch(const path& executable, const std::vector<std::string>& arguments,
                                    bp::process_stdio stdio) {
  Launch launch{entrance_, *this, stdio, executable, build_argv_(executable, arguments)};
  const bp::error_code ec = bp::posix::detail::on_setup(*this, executable, launch.arguments, stdio);
  if (ec) return std::unexpected(errno_error("prepare the launch", ec.value()));

  const int dumpable = prctl(PR_GET_DUMPABLE);
  pid_t first = -1;
  {
    const SignalsBlocked blocked;
    const ChildrenInside children(entrance_);
    if (entrance_.init_pidfd < 0 || children.are()) {
      launch.process = clone_and_wait(become_the_command, launch.second_stack, 0, launch);
      if (launch.process < 0) launch.error = errno;
    } else {
      first = clone_and_wait(enter_and_launch, launch.first_stack, 0, launch);
      if (first < 0) launch.error = errno;
    }
  }
  if (first > 0) reap(first);
  // To join a user namespace is a change of credentials, after which the memory is not dumpable.
  if (dumpable == 1) prctl(PR_SET_DUMPABLE, 1);
  if (launch.error != 0) {
    if (launch.process > 0) reap(launch.process);
    return std::unexpected(errno_error("start " + executable.string(), launch.error));
  }
  return launch.process;
}

}  // namespace selfconnect
