// SPDX-License-Identifier: MIT
#include "confined.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace selfconnect::testing {

namespace {

void send_descriptor(int fd, int to) {
  char byte = 0;
  iovec data{&byte, sizeof(byte)};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> ancillary{};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.data();
  message.msg_controllen = ancillary.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  if (sendmsg(to, &message, MSG_NOSIGNAL) != 1) std::abort();
}

void confine(const Confinement& confinement) {
  const sock_fprog program{static_cast<unsigned short>(confinement.filter.size()),
                           const_cast<sock_filter*>(confinement.filter.data())};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) std::abort();
  const long listener =
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
              SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
  if (listener < 0) std::abort();
  send_descriptor(static_cast<int>(listener), confinement.listener_to);
  close(static_cast<int>(listener));
}

}  // namespace

ConfinedChild::ConfinedChild(const Confinement& confinement, const std::function<void()>& body) {
  std::fflush(nullptr);
  pid_ = fork();
  if (pid_ != 0) return;
  confine(confinement);
  body();
  std::fflush(nullptr);
  _exit(::testing::Test::HasFailure() ? 1 : 0);
}

ConfinedChild::~ConfinedChild() {
  if (pid_ <= 0) return;
  kill();
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

void ConfinedChild::kill() { ::kill(pid_, SIGKILL); }

int ConfinedChild::finish() {
  int status = -1;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  pid_ = -1;
  return status;
}

void in_confined_child(const Confinement& confinement, const std::function<void()>& body) {
  EXPECT_EQ(ConfinedChild(confinement, body).finish(), 0) << "in the confined child";
}

}  // namespace selfconnect::testing
