// SPDX-License-Identifier: MIT
#include "harness/ports/hook/member_socket.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "harness/sys/descriptor_message.h"
#include "harness/sys/socket_pair.h"

namespace selfconnect {

namespace {

struct Made {
  int error = 0;  // an errno
};

// The member: system calls only, for the harness may have threads.
[[noreturn]] void make_and_send(int procs, int net_ns, int domain, int to) {
  Made made;
  int fd = -1;
  if (write(procs, "0", 1) != 1 || setns(net_ns, CLONE_NEWNET) != 0 ||
      (fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0) {
    made.error = errno;
  }
  const bool sent = fd < 0 ? send_message(to, made) : send_message(to, made, std::array{fd});
  _exit(sent ? 0 : 1);
}

}  // namespace

Result<UniqueFd> make_member_socket(int procs, int net_ns, int domain) {
  auto pair = socket_pair();
  if (!pair) return std::unexpected(pair.error());
  const pid_t pid = fork();
  if (pid < 0) return std::unexpected(errno_error("fork"));
  if (pid == 0) make_and_send(procs, net_ns, domain, pair->far.get());
  pair->far.reset();
  Made made;
  const Received received = receive_message(pair->near.get(), made);
  UniqueFd fd(received.count > 0 ? received.descriptors[0] : -1);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
  if (received.size != sizeof(made))
    return std::unexpected(error("make a socket in the cgroup: the process was killed"));
  if (made.error != 0) return std::unexpected(errno_error("make a socket in the cgroup", made.error));
  if (!fd) return std::unexpected(error("make a socket in the cgroup: none came"));
  return fd;
}

}  // namespace selfconnect
