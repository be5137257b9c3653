// SPDX-License-Identifier: MIT
#include "harness/world/maker/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <span>
#include <utility>

#include "harness/sys/descriptor_message.h"
#include "harness/world/init.h"
#include "harness/world/maker/account.h"
#include "harness/world/maker/proc_files.h"

namespace selfconnect {

namespace {

constexpr int kControl = 3;
constexpr int kDescriptors = 4;

// One uid and one gid, each mapped to itself: the target keeps both (user_namespaces(7)).
InitReply map_ids(const MakeRequest& spec) {
  std::array<char, 64> line{};
  snprintf(line.data(), line.size(), "%u %u 1", spec.uid, spec.uid);
  if (!write_file("/proc/self/uid_map", line.data())) return failed("write uid_map");
  if (!write_file("/proc/self/setgroups", "deny")) return failed("write setgroups");
  snprintf(line.data(), line.size(), "%u %u 1", spec.gid, spec.gid);
  if (!write_file("/proc/self/gid_map", line.data())) return failed("write gid_map");
  return {};
}

// The near network, where init lives, for that is where setns(2) by its pidfd leads, and the far one if there is one.
class Networks {
 public:
  InitReply make_far() {
    if (fd(Network::kNear) < 0) return failed("open /proc/self/ns/net");
    if (unshare(CLONE_NEWNET) != 0) return failed("unshare(CLONE_NEWNET)");
    far_ = open_current();
    return far_ < 0 ? failed("open /proc/self/ns/net") : InitReply{};
  }

  // A new one, as the first was made, in place of both.
  InitReply renew() {
    for (int* fd : {&near_, &far_}) {
      if (*fd >= 0) close(*fd);
      *fd = -1;
    }
    (void)setns(kOutside, CLONE_NEWNET);  // where there is none, from the old one
    return unshare(CLONE_NEWNET) == 0 ? InitReply{} : failed("unshare(CLONE_NEWNET)");
  }

  InitReply enter(Network network) {
    if (network == Network::kNear && far_ < 0) return {};  // there is no other
    return setns(fd(network), CLONE_NEWNET) == 0 ? InitReply{} : failed("setns(net)");
  }

  // -1 with errno set
  int fd(Network network) {
    if (network == Network::kFar) return far_;
    if (near_ < 0) near_ = open_current();
    return near_;
  }

 private:
  static int open_current() { return ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC); }

  int near_ = -1;
  int far_ = -1;
};

// A reply, and the descriptors that go with it.
struct Answer {
  enum class Ours { kClosed, kKept };  // our copies, once they were sent

  InitReply reply;
  std::array<int, kMostDescriptors> descriptors{};
  std::size_t count = 0;
  Ours ours = Ours::kClosed;

  void add(int fd) { descriptors[count++] = fd; }
};

// A second descriptor of packet sockets that were given out. The last close of one takes the kernel 15 ms (RCU): so that is
// when this process ends, and nobody waits for it, or is left to the harness.
class PacketSockets {
 public:
  void keep(int fd) {
    const int second = count_ < sockets_.size() ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (second >= 0) sockets_[count_++] = second;
  }

  void give_up(Answer& answer) {
    while (count_ > 0) answer.add(sockets_[--count_]);
  }

 private:
  std::array<int, kMostOldSockets> sockets_{};
  std::size_t count_ = 0;
};

void add_sockets(Answer& answer, const InitRequest& request, PacketSockets& packets) {
  for (const SocketKind& kind : std::span(request.sockets).first(request.count)) {
    const int fd = socket(kind.domain, kind.type | SOCK_CLOEXEC, kind.protocol);
    if (fd < 0) {
      answer.reply = failed("socket");
      return;
    }
    answer.add(fd);
    if (kind.domain == AF_PACKET) packets.keep(fd);
  }
}

Answer write_sysctls(const InitRequest& request, Account& account) {
  const char* text = request.text.data();
  for (std::uint32_t i = 0; i < request.count; ++i) {
    const char* path = text;
    const char* value = path + strlen(path) + 1;
    if (!account.write_sysctl(path, value)) return {.reply = failed("write")};
    text = value + strlen(value) + 1;
  }
  return {};
}

// What every network of a world begins with: any port for anybody, and a socket for the harness to set it up by.
Answer open_network() {
  if (!write_sysctl("net/ipv4/ip_unprivileged_port_start", "0")) return {.reply = failed("write")};
  const int routes = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (routes < 0) return {.reply = failed("socket")};
  Answer answer;
  answer.add(routes);
  return answer;
}

constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 20'000};
constexpr int kMostPauses = 1500;  // some 100 ms, with the timer's slack

// Every process but this one, until none is left, not even as a zombie: kill(2) says ESRCH then. A process cannot fork
// past it, for the kernel asks for pending signals under the same lock. Children of the harness stay until it reaps them.
InitReply end_all_others() {
  for (int i = 0; i < kMostPauses; ++i) {
    if (kill(-1, SIGKILL) != 0) return errno == ESRCH ? InitReply{} : failed("kill the processes left");
    nanosleep(&kPause, nullptr);
  }
  errno = EBUSY;
  return failed("end the processes left");
}

// fcntl(2) looks for the number, whether its process is still there or not. Nothing is sent: O_ASYNC is not set.
bool is_taken(int pid) { return fcntl(kControl, F_SETOWN, pid) == 0; }

// The kernel frees the number of a process a moment after the process has gone (release_task(), free_pids()).
InitReply wait_for_numbers() {
  std::array<char, 16> last{};
  if (!read_sysctl("kernel/ns_last_pid", last)) return failed("read kernel/ns_last_pid");
  int pauses = 0;
  for (int pid = 2; pid <= atoi(last.data()); ++pid) {
    while (is_taken(pid)) {
      if (++pauses > kMostPauses) {
        errno = EBUSY;
        return failed("have the numbers of processes back");
      }
      nanosleep(&kPause, nullptr);
    }
  }
  return {};
}

InitReply clean(Account& account) {
  if (const InitReply ended = end_all_others(); ended.error != 0) return ended;
  if (const InitReply free = wait_for_numbers(); free.error != 0) return free;
  return account.settle();
}

Answer renew(const InitRequest& request, Networks& networks, Account& account, PacketSockets& packets) {
  if (const InitReply cleaned = clean(account); cleaned.error != 0) return {.reply = cleaned};
  if (const InitReply renewed = networks.renew(); renewed.error != 0) return {.reply = renewed};
  Answer answer = open_network();
  if (answer.reply.error != 0) return answer;
  PacketSockets old = std::exchange(packets, {});
  add_sockets(answer, request, packets);
  old.give_up(answer);
  return answer;
}

Answer answer(const InitRequest& request, Networks& networks, Account& account, PacketSockets& packets) {
  Answer answer;
  if (request.what == InitRequest::What::kRenew) return renew(request, networks, account, packets);
  if (request.what == InitRequest::What::kFar) {
    answer.reply = networks.make_far();
    return answer.reply.error == 0 ? open_network() : answer;
  }
  answer.reply = networks.enter(request.network);
  if (answer.reply.error != 0) return answer;
  switch (request.what) {
    case InitRequest::What::kSockets:
      add_sockets(answer, request, packets);
      return answer;
    case InitRequest::What::kSysctls:
      return write_sysctls(request, account);
    case InitRequest::What::kWatch:
      return {.reply = account.open(Account::Network::kNoted)};
    case InitRequest::What::kWatchAllButNetwork:
      return {.reply = account.open(Account::Network::kLeftOut)};
    case InitRequest::What::kClean:
      return {.reply = clean(account)};
    default:
      if (const int fd = networks.fd(request.network); fd >= 0) {
        answer.add(fd);
        answer.ours = Answer::Ours::kKept;
      } else {
        answer.reply = failed("open /proc/self/ns/net");
      }
      return answer;
  }
}

// Our copies are closed before the harness hears of the reply. Nothing to do about an error: the harness is gone, and
// the next read says so.
void send_answer(const Answer& answer) {
  InitReply reply = answer.reply;
  const std::span<const int> descriptors{answer.descriptors.data(), reply.error == 0 ? answer.count : 0};
  reply.descriptors = static_cast<std::uint32_t>(descriptors.size());
  if (!descriptors.empty()) (void)!send_message(kDescriptors, char{}, descriptors);
  for (std::size_t i = 0; answer.ours == Answer::Ours::kClosed && i < answer.count; ++i) {
    close(answer.descriptors[i]);
  }
  (void)!send_message(kControl, reply);
}

void serve(const InitRequest& request, Networks& networks, Account& account, PacketSockets& packets) {
  Answer answered = answer(request, networks, account, packets);
  if (const InitReply back = networks.enter(Network::kNear); back.error != 0) answered.reply = back;
  send_answer(answered);
}

// The maker's own socket goes. SIGCHLD is ignored, as in the maker, so that orphans are reaped.
void forget_the_maker(InitSockets sockets) {
  const int descriptors = fcntl(sockets.descriptors, F_DUPFD_CLOEXEC, kOutside + 1);
  dup3(sockets.control, kControl, O_CLOEXEC);
  dup3(descriptors, kDescriptors, O_CLOEXEC);
  close_range(0, kControl - 1, 0);
  close_range(kOutside + 1, ~0U, 0);
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

void run_init(const MakeRequest& spec, InitSockets sockets) {
  forget_the_maker(sockets);
  Networks networks;
  Account account;
  Answer ready;
  if (spec.user_namespace) ready.reply = map_ids(spec);
  if (ready.reply.error == 0) {
    mount_proc();
    ready = open_network();
  }
  send_answer(ready);

  PacketSockets packets;
  InitRequest request;
  while (true) {
    const Received received = receive_message(kControl, request);
    if (received.size == 0) _exit(0);
    if (received.size < static_cast<ssize_t>(kRequestWithoutText)) _exit(1);
    serve(request, networks, account, packets);
  }
}

}  // namespace selfconnect
