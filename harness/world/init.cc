// SPDX-License-Identifier: MIT
#include "harness/world/init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace selfconnect {

namespace {

constexpr int kControl = 3;

InitReply failed(const char* step) {
  InitReply reply{.error = errno};
  snprintf(reply.step.data(), reply.step.size(), "%s", step);
  return reply;
}

void send_reply(const InitReply& reply, int fd = -1) {
  iovec data{const_cast<InitReply*>(&reply), sizeof(reply)};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> ancillary{};
  if (fd >= 0) {
    message.msg_control = ancillary.data();
    message.msg_controllen = ancillary.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(int));
  }
  // Nothing to do about an error: the harness is gone, and the next read says so.
  (void)sendmsg(kControl, &message, MSG_NOSIGNAL);
}

bool write_file(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const size_t length = strlen(text);
  const bool written = write(fd, text, length) == static_cast<ssize_t>(length);
  const int saved = errno;
  close(fd);
  errno = saved;
  return written;
}

// One uid and one gid, each mapped to itself: the target keeps both (user_namespaces(7)).
InitReply map_ids(const InitSpec& spec) {
  std::array<char, 64> line{};
  snprintf(line.data(), line.size(), "%u %u 1", spec.uid, spec.uid);
  if (!write_file("/proc/self/uid_map", line.data())) return failed("write uid_map");
  if (!write_file("/proc/self/setgroups", "deny")) return failed("write setgroups");
  snprintf(line.data(), line.size(), "%u %u 1", spec.gid, spec.gid);
  if (!write_file("/proc/self/gid_map", line.data())) return failed("write gid_map");
  return {};
}

class Networks {
 public:
  InitReply open() {
    near_ = open_current();
    return near_ < 0 ? failed("open /proc/self/ns/net") : InitReply{};
  }

  InitReply make_far() {
    if (unshare(CLONE_NEWNET) != 0) return failed("unshare(CLONE_NEWNET)");
    far_ = open_current();
    current_ = Network::kFar;
    return enter(Network::kNear);
  }

  InitReply enter(Network network) {
    if (network == current_) return {};
    if (setns(fd(network), CLONE_NEWNET) != 0) return failed("setns(net)");
    current_ = network;
    return {};
  }

  [[nodiscard]] int fd(Network network) const { return network == Network::kNear ? near_ : far_; }

 private:
  static int open_current() { return ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC); }

  int near_ = -1;
  int far_ = -1;
  Network current_ = Network::kNear;
};

struct Answer {
  InitReply reply;
  int fd = -1;
  bool keep_fd = true;  // here too, after it was sent
};

Answer answer(const InitRequest& request, Networks& networks) {
  if (InitReply entered = networks.enter(request.network); entered.error != 0) return {.reply = entered};
  switch (request.what) {
    case InitRequest::What::kSocket: {
      const int fd = socket(request.numbers[0], request.numbers[1] | SOCK_CLOEXEC, request.numbers[2]);
      if (fd < 0) return {.reply = failed("socket")};
      // The last close of a packet socket takes the kernel 15 ms (RCU). Kept here, that is when this process ends,
      // and nobody waits for it.
      return {.reply = {}, .fd = fd, .keep_fd = request.numbers[0] == AF_PACKET};
    }
    case InitRequest::What::kSysctl: {
      std::array<char, 160> path{};
      snprintf(path.data(), path.size(), "/proc/sys/%s", request.path.data());
      return {.reply = write_file(path.data(), request.value.data()) ? InitReply{} : failed("write")};
    }
    case InitRequest::What::kNetNs:
      return {.reply = {}, .fd = networks.fd(request.network)};
    case InitRequest::What::kFar:
      return {.reply = networks.make_far()};
  }
  return {.reply = failed("unknown request")};
}

// Between requests init is in the near network, for that is where setns(2) by its pidfd leads.
void serve(const InitRequest& request, Networks& networks) {
  Answer answered = answer(request, networks);
  if (const InitReply back = networks.enter(Network::kNear); back.error != 0) answered.reply = back;
  send_reply(answered.reply, answered.fd);
  if (!answered.keep_fd) close(answered.fd);
}

// Everything of the harness that came along with the clone goes: descriptors (other worlds' lifelines among
// them), signal handlers, the terminal's process group. SIGCHLD ignored means that orphans are reaped.
void forget_the_harness(int control) {
  if (control != kControl) dup3(control, kControl, O_CLOEXEC);
  close(0);
  close(1);
  close(2);
  close_range(kControl + 1, ~0U, 0);
  for (int signal_number = 1; signal_number < NSIG; ++signal_number) signal(signal_number, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setsid();
  prctl(PR_SET_NAME, "selfconnect-1");
}

// The target sees the processes of its own PID namespace. Where a container forbids a new procfs the host's
// stays: /proc/self is right there too.
void mount_proc() {
  // Fails where the root is no mount, in a chroot; what matters here is that nothing of /proc goes to the host.
  (void)mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  if (mount(nullptr, "/proc", nullptr, MS_PRIVATE, nullptr) != 0) return;
  (void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
}

}  // namespace

void run_init(const InitSpec& spec) {
  forget_the_harness(spec.control);
  Networks networks;
  InitReply ready;
  if (spec.user_namespace) ready = map_ids(spec);
  if (ready.error == 0) {
    mount_proc();
    ready = networks.open();
  }
  send_reply(ready);

  InitRequest request;
  while (true) {
    const ssize_t size = recv(kControl, &request, sizeof(request), 0);
    if (size == 0) _exit(0);
    if (size < 0 && errno == EINTR) continue;
    if (size != sizeof(request)) _exit(1);
    serve(request, networks);
  }
}

}  // namespace selfconnect
