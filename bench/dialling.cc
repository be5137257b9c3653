// SPDX-License-Identifier: MIT
#include "bench/dialling.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <optional>

#include "bench/dialling_parts.h"
#include "bench/ring.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect::bench {

namespace {

constexpr sockaddr kUnspecified{.sa_family = AF_UNSPEC, .sa_data = {}};
constexpr linger kReset{.l_onoff = 1, .l_linger = 0};

void reset_at_close(int socket) { (void)setsockopt(socket, SOL_SOCKET, SO_LINGER, &kReset, sizeof kReset); }

// The reference: nothing here that a C programmer would not write.
void dial_bare(const Loop& loop, std::uint64_t attempts, Dialled& dialled) {
  sockaddr_storage to{};
  const socklen_t length = loop.destination.to_sockaddr(to);
  const bool reset = loop.close == Loop::Close::kReset;
  for (std::uint64_t i = 0; i < attempts; ++i) {
    const int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (reset) reset_at_close(fd);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&to), length) == 0)
      ++dialled.hits;
    else
      ++count_of(dialled, errno);
    close(fd);
  }
  dialled.attempts += attempts;
}

// An attempt with the socket given: 0, or an errno.
int attempt_blocking(int fd, const Destination& to) {
  return connect(fd, to.address(), to.length()) == 0 ? 0 : errno;
}

// The second connect() tells what came of the first, and makes the socket ready to be dialled again.
int attempt_by_epoll(int epoll, int fd, const Destination& to) {
  if (connect(fd, to.address(), to.length()) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  epoll_event event{};
  if (epoll_wait(epoll, &event, 1, -1) != 1) return errno;
  return connect(fd, to.address(), to.length()) == 0 ? 0 : errno;
}

}  // namespace

std::string Loop::text() const {
  constexpr std::array kWays{"bare", "blocking", "epoll", "ring"};
  return fmt::format("{}/{}", kWays.at(static_cast<std::size_t>(way)),
                     socket == Socket::kFresh ? "fresh" : "same");
}

Dialled& Dialled::operator+=(const Dialled& other) {
  attempts += other.attempts;
  hits += other.hits;
  refused += other.refused;
  no_port += other.no_port;
  failed += other.failed;
  wall_ns += other.wall_ns;
  cpu_ns += other.cpu_ns;
  latencies += other.latencies;
  return *this;
}

struct DialLoop::State {
  explicit State(const Loop& wanted) : loop(wanted), to(wanted) {
    if (loop.way == Loop::Way::kRing) ring.emplace(loop);
    if (loop.way == Loop::Way::kEpoll) epoll.reset(epoll_create1(EPOLL_CLOEXEC));
  }

  void dial(std::uint64_t attempts, Meter& meter) {
    for (std::uint64_t i = 0; i < attempts; ++i, to.advance()) {
      if (!socket) open();
      const int error =
          epoll ? attempt_by_epoll(epoll.get(), socket.get(), to) : attempt_blocking(socket.get(), to);
      if (loop.socket == Loop::Socket::kFresh)
        socket.reset();
      else if (error == 0)
        (void)connect(socket.get(), &kUnspecified, sizeof kUnspecified);
      meter.count(error);
      meter.end_turn(1);
    }
  }

  void open() {
    socket.reset(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC | (epoll ? SOCK_NONBLOCK : 0), 0));
    if (loop.close == Loop::Close::kReset && loop.socket == Loop::Socket::kFresh)
      reset_at_close(socket.get());
    epoll_event event{.events = EPOLLOUT, .data = {}};
    if (epoll) (void)epoll_ctl(epoll.get(), EPOLL_CTL_ADD, socket.get(), &event);
  }

  const Loop loop;
  Destination to;
  std::optional<Ring> ring;
  UniqueFd epoll, socket;
};

DialLoop::DialLoop(const Loop& loop) : state_(std::make_unique<State>(loop)) {}
DialLoop::~DialLoop() = default;

Dialled DialLoop::dial(std::uint64_t attempts) {
  Dialled dialled;
  Meter meter(dialled);
  const std::uint64_t wall = read_clock(CLOCK_MONOTONIC);
  const std::uint64_t cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);
  meter.begin();
  if (state_->loop.way == Loop::Way::kBare)
    dial_bare(state_->loop, attempts, dialled);
  else if (state_->ring)
    state_->ring->dial(attempts, meter);
  else
    state_->dial(attempts, meter);
  dialled.cpu_ns = read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
  dialled.wall_ns = read_clock(CLOCK_MONOTONIC) - wall;
  return dialled;
}

}  // namespace selfconnect::bench
