// Whether the engine `notify` works here, tried on a child that does nothing.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "harness/ports/notify_engine.h"

namespace selfconnect {

namespace {

constexpr int kOwnDescriptor = STDIN_FILENO;  // any that the child has

// The child: system calls only, for the harness may have threads. Says the errno of seccomp(2), then waits for the end.
[[noreturn]] void be_confined(const std::vector<sock_filter>& filter, int out) {
  const sock_fprog program{static_cast<unsigned short>(filter.size()),
                           const_cast<sock_filter*>(filter.data())};
  int failed = 0;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) < 0) {
    failed = errno;
  }
  if (write(out, &failed, sizeof(failed)) != sizeof(failed)) _exit(1);
  while (true) pause();
}

// Kills and reaps.
class Confined {
 public:
  explicit Confined(pid_t pid) : pid_(pid) {}
  ~Confined() {
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  }
  Confined(const Confined&) = delete;
  Confined& operator=(const Confined&) = delete;

 private:
  pid_t pid_;
};

}  // namespace

Result<SocketAccess> notify_works() {
  const auto filter = notify_filter(SocketAccess::kMake);
  if (!filter) return std::unexpected(filter.error());
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(errno_error("pipe2"));
  const UniqueFd in(ends[0]);
  UniqueFd out(ends[1]);
  const int known = 0x5e1f;  // at the same address in the child
  const pid_t pid = fork();
  if (pid < 0) return std::unexpected(errno_error("fork"));
  if (pid == 0) be_confined(*filter, out.get());
  const Confined confined(pid);
  out.reset();
  int failed = 0;
  if (read(in.get(), &failed, sizeof(failed)) != sizeof(failed)) {
    return std::unexpected(error("seccomp: the process that tried it was killed"));
  }
  if (failed == EBUSY) {
    return std::unexpected(
        errno_error("seccomp: this process is stopped by a filter of somebody else", EBUSY));
  }
  if (failed != 0) return std::unexpected(errno_error("seccomp(SECCOMP_FILTER_FLAG_NEW_LISTENER)", failed));
  int seen = 0;
  if (!read_memory(pid, reinterpret_cast<std::uint64_t>(&known),
                   std::as_writable_bytes(std::span(&seen, 1))) ||
      seen != known) {
    return std::unexpected(
        errno_error("read the memory of a child (process_vm_readv, /proc/PID/mem)", EPERM));
  }
  DescriptorTaker taker;
  return taker.take(pid, kOwnDescriptor) ? SocketAccess::kTake : SocketAccess::kMake;
}

}  // namespace selfconnect
