// SPDX-License-Identifier: MIT
#include "harness/ports/hook/member_socket.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace selfconnect {

namespace {

struct Made {
  int error = 0;  // an errno
};

struct Ancillary {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> bytes{};
};

msghdr message_with(iovec& data, Ancillary& ancillary) {
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.bytes.data();
  message.msg_controllen = ancillary.bytes.size();
  return message;
}

// The member: system calls only, for the harness may have threads.
[[noreturn]] void make_and_send(int procs, int net_ns, int domain, int to) {
  Made made;
  int fd = -1;
  if (write(procs, "0", 1) != 1 || setns(net_ns, CLONE_NEWNET) != 0 ||
      (fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0) {
    made.error = errno;
  }
  iovec data{&made, sizeof(made)};
  Ancillary ancillary;
  msghdr message = message_with(data, ancillary);
  if (fd >= 0) {
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  } else {
    message.msg_controllen = 0;
  }
  _exit(sendmsg(to, &message, MSG_NOSIGNAL) == sizeof(made) ? 0 : 1);
}

}  // namespace

Result<UniqueFd> make_member_socket(int procs, int net_ns, int domain) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return std::unexpected(errno_error("socketpair"));
  const UniqueFd near(ends[0]);
  UniqueFd far(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) return std::unexpected(errno_error("fork"));
  if (pid == 0) make_and_send(procs, net_ns, domain, far.get());
  far.reset();
  Made made;
  iovec data{&made, sizeof(made)};
  Ancillary ancillary;
  msghdr message = message_with(data, ancillary);
  ssize_t size = 0;
  do {
    size = recvmsg(near.get(), &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
  if (size != sizeof(made)) return std::unexpected(error("make a socket in the cgroup: the process was killed"));
  if (made.error != 0) return std::unexpected(errno_error("make a socket in the cgroup", made.error));
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr) return std::unexpected(error("make a socket in the cgroup: none came"));
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
  return UniqueFd(fd);
}

}  // namespace selfconnect
