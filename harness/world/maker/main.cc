// selfconnect-worlds: makes a world's init whenever the harness asks (harness/world/maker.h). Descriptor 3 is the socket
// to it. A static program of a few pages, for each init is a copy of it.
// SPDX-License-Identifier: MIT
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "harness/sys/descriptor_message.h"
#include "harness/world/maker.h"
#include "harness/world/maker/init.h"

namespace selfconnect {

namespace {

void make(const MakeRequest& request, InitSockets sockets) {
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS | CLONE_PIDFD | CLONE_PARENT;
  if (request.user_namespace) args.flags |= CLONE_NEWUSER;
  args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  const pid_t pid = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof(args)));
  if (pid == 0) run_init(request, sockets);
  const MakeReply reply{.error = pid < 0 ? errno : 0, .pid = pid};
  // Nothing to do about an error: the harness is gone, and the next read says so.
  if (pid < 0) {
    (void)!send_message(kMakerControl, reply);
  } else {
    (void)!send_message(kMakerControl, reply, std::array{pidfd});
    close(pidfd);
  }
}

}  // namespace

}  // namespace selfconnect

int main() {
  using namespace selfconnect;
  // The harness's terminal and its signals are not for this process: it ends with its socket.
  setsid();
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  close(STDERR_FILENO);
  close_range(kMakerControl + 1, ~0U, 0);

  MakeRequest request;
  while (true) {
    const Received received = receive_message(kMakerControl, request);
    if (received.size != sizeof(request) || received.count != 2) return 0;
    make(request, {.control = received.descriptors[0], .descriptors = received.descriptors[1]});
    close(received.descriptors[0]);
    close(received.descriptors[1]);
  }
}
