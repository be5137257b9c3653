// selfconnect-worlds: makes a world's init whenever the harness asks (harness/world/maker.h). Descriptor 3 is the socket
// to it. A static program of a few pages, for each init is a copy of it.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
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
#include "harness/world/maker/proc_files.h"

namespace selfconnect {

namespace {

// A network namespace gets a table of its own for TCP's connections where the one it is made from says so (ip-sysctl of the
// kernel's documentation, tcp_child_ehash_entries, Linux 6.1), and else shares the machine's, which is walked through each
// time that the connections are listed: 0.14 ms for 262,144 entries. The machine's own sysctl is none of ours, so there is a
// namespace in between. Where that cannot be made or written, worlds share.
void have_small_tables() {
  if (unshare(CLONE_NEWNET) != 0 || !write_sysctl("net/ipv4/tcp_child_ehash_entries", "4096")) return;
  const int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (here < 0) return;
  dup3(here, kOutside, O_CLOEXEC);
  close(here);
}

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

  have_small_tables();
  MakeRequest request;
  while (true) {
    const Received received = receive_message(kMakerControl, request);
    if (received.size != sizeof(request) || received.count != 2) return 0;
    make(request, {.control = received.descriptors[0], .descriptors = received.descriptors[1]});
    close(received.descriptors[0]);
    close(received.descriptors[1]);
  }
}
