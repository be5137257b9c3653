// SPDX-License-Identifier: MIT
#include "bench/dialler.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <cerrno>
#include <csignal>
#include <thread>

namespace selfconnect::bench {

namespace {

constexpr std::uint64_t kWarmUp = 16;

[[noreturn]] void give_up(const char* step) {
  std::perror(step);
  _exit(1);
}

void require(bool done, const char* step) {
  if (!done) give_up(step);
}

// A thread's own: a socket's number is then no business of the others.
void own_descriptors() { require(unshare(CLONE_FILES) == 0, "unshare(CLONE_FILES)"); }

// In the process that dials, until its control socket is closed.
class Worker {
 public:
  Worker(const std::vector<const World*>& worlds, const Loop& loop) : loop_(loop), worlds_(worlds) {
    for (const World* world : worlds_) {
      auto fd = world->net_ns(Network::kNear);
      require(fd.has_value(), "open a network namespace");
      net_ns_.push_back(std::move(*fd));
    }
  }

  // cgroup, network, filter: in this order, for what is stopped by a filter waits for an answer from then on.
  void confine(const Confinement& confinement) const {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    require(join_cgroup(confinement), "join the cgroup");
    const int user = worlds_.front()->isolation() == Isolation::kUserAndNetNs ? CLONE_NEWUSER : 0;
    require(setns(worlds_.front()->init_pidfd(), user | CLONE_NEWNET) == 0, "setns");
    require(install_filter(confinement), "install the filter");
  }

  void serve(int control) const {
    std::uint64_t attempts = 0;
    DialLoop loop(loop_);
    send(control, "", 1, 0);  // ready
    while (recv(control, &attempts, sizeof attempts, 0) == sizeof attempts) {
      const Dialled dialled = worlds_.size() == 1 ? one(loop, attempts) : all(attempts);
      require(send(control, &dialled, sizeof dialled, 0) == sizeof dialled, "send");
    }
    _exit(0);
  }

 private:
  [[nodiscard]] static Dialled one(DialLoop& loop, std::uint64_t attempts) {
    (void)loop.dial(kWarmUp);
    return loop.dial(attempts);
  }

  [[nodiscard]] Dialled all(std::uint64_t attempts) const {
    std::vector<Dialled> each(worlds_.size());
    std::barrier ready(static_cast<std::ptrdiff_t>(worlds_.size()));
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < worlds_.size(); ++i) {
      threads.emplace_back([&, i] {
        own_descriptors();
        if (worlds_[i] != worlds_.front()) require(setns(net_ns_[i].get(), CLONE_NEWNET) == 0, "setns");
        DialLoop loop(loop_);
        (void)loop.dial(kWarmUp);
        ready.arrive_and_wait();
        each[i] = loop.dial(attempts);
      });
    }
    for (std::thread& thread : threads) thread.join();
    Dialled sum;
    std::uint64_t longest = 0;
    for (const Dialled& dialled : each) {
      sum += dialled;
      longest = std::max(longest, dialled.wall_ns);
    }
    sum.wall_ns = longest;
    return sum;
  }

  const Loop& loop_;
  const std::vector<const World*>& worlds_;
  std::vector<UniqueFd> net_ns_;
};

}  // namespace

Result<Dialler> Dialler::start(const std::vector<const World*>& worlds, const Loop& loop,
                               const Confinement& confinement) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return std::unexpected(errno_error("socketpair"));
  UniqueFd near(ends[0]), far(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) return std::unexpected(errno_error("fork"));
  if (pid == 0) {
    near.reset();
    const Worker worker(worlds, loop);
    worker.confine(confinement);
    worker.serve(far.get());
  }
  far.reset();
  Dialler dialler(std::move(near), pid);
  char ready = 0;
  if (recv(dialler.control_.get(), &ready, sizeof ready, 0) != sizeof ready)
    return std::unexpected(error("start the process that dials: it says why above"));
  return dialler;
}

Dialler::~Dialler() {
  if (!control_) return;  // moved from
  control_.reset();
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

Result<Dialled> Dialler::dial(std::uint64_t attempts) const {
  Dialled dialled;
  if (send(control_.get(), &attempts, sizeof attempts, MSG_NOSIGNAL) != sizeof attempts ||
      recv(control_.get(), &dialled, sizeof dialled, 0) != sizeof dialled)
    return std::unexpected(error("dial: the process that dials has ended"));
  return dialled;
}

}  // namespace selfconnect::bench
