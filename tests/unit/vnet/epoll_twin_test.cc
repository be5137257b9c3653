// The same calls at random on virtual files and on the kernel's eventfds, in epolls and epolls of epolls: every result, and every
// event in its order, has to be the same.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "fuzz/vnet/calls.h"
#include "harness/sys/random_source.h"
#include "tests/unit/vnet/virtual_host.h"

namespace selfconnect::vnet {
namespace {

class Side {
 public:
  virtual ~Side() = default;
  virtual int make_event() = 0;
  virtual int make_epoll() = 0;
  virtual int dup(int fd) = 0;
  virtual int close(int fd) = 0;
  virtual int signal(int fd) = 0;
  virtual int drain(int fd) = 0;
  virtual int control(int fd, int operation, int member, epoll_event* event) = 0;
  virtual int wait(int fd, epoll_event* events, int room) = 0;
  virtual int poll(pollfd* fds, nfds_t count) = 0;
  virtual int select(int count, fd_set* readable, fd_set* writable) = 0;
};

class KernelSide final : public Side {
 public:
  ~KernelSide() override {
    for (const int fd : made_) ::close(fd);
  }
  int make_event() override { return keep(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); }
  int make_epoll() override { return keep(epoll_create1(EPOLL_CLOEXEC)); }
  int dup(int fd) override { return keep(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }
  int close(int fd) override {
    std::erase(made_, fd);
    return ::close(fd);
  }
  int signal(int fd) override { return eventfd_write(fd, 1); }
  int drain(int fd) override {
    eventfd_t count = 0;
    return eventfd_read(fd, &count);
  }
  int control(int fd, int operation, int member, epoll_event* event) override {
    return epoll_ctl(fd, operation, member, event);
  }
  int wait(int fd, epoll_event* events, int room) override { return epoll_wait(fd, events, room, 0); }
  int poll(pollfd* fds, nfds_t count) override { return ::poll(fds, count, 0); }
  int select(int count, fd_set* readable, fd_set* writable) override {
    timeval none{};
    return ::select(count, readable, writable, nullptr, &none);
  }

 private:
  int keep(int fd) {
    if (fd >= 0) made_.push_back(fd);
    return fd;
  }
  std::vector<int> made_;
};

class VirtualSide final : public Side {
 public:
  int make_event() override { return virtual_.open().fd; }
  int make_epoll() override { return calls::epoll_create1(0); }
  int dup(int fd) override {
    if (virtual_.host.descriptors().find(fd) == nullptr) return fail(EBADF);
    return virtual_.dup(fd);
  }
  int close(int fd) override { return virtual_.host.descriptors().close(fd) ? 0 : fail(EBADF); }
  int signal(int fd) override {
    FakeFile* file = find(fd);
    if (file == nullptr) return -1;
    file->signal();
    return 0;
  }
  int drain(int fd) override {
    FakeFile* file = find(fd);
    if (file == nullptr) return -1;
    if ((file->mask & POLLIN) == 0) return fail(EAGAIN);
    file->drain();
    return 0;
  }
  int control(int fd, int operation, int member, epoll_event* event) override {
    return calls::epoll_ctl(fd, operation, member, event);
  }
  int wait(int fd, epoll_event* events, int room) override { return calls::epoll_wait(fd, events, room, 0); }
  int poll(pollfd* fds, nfds_t count) override { return calls::poll(fds, count, 0); }
  int select(int count, fd_set* readable, fd_set* writable) override {
    timeval none{};
    return calls::select(count, readable, writable, nullptr, &none);
  }

 private:
  static int fail(int error) {
    errno = error;
    return -1;
  }
  FakeFile* find(int fd) {
    File* file = virtual_.host.descriptors().find(fd);
    errno = file == nullptr ? EBADF : EINVAL;
    return dynamic_cast<FakeFile*>(file);
  }
  VirtualHost virtual_;
};

// What a seed does to one side, as text. Descriptors are named by the order in which they were made.
class Script {
 public:
  Script(Side& side, std::uint64_t seed) : side_(side), random_(seed) {}

  std::string run(int steps) {
    for (std::uint32_t epoll = 0; epoll < kEpolls; ++epoll) fds_.push_back(side_.make_epoll());
    for (std::uint32_t event = 0; event < kEvents; ++event) fds_.push_back(side_.make_event());
    for (int step = 0; step < steps; ++step) take_step();
    return said_;
  }

 private:
  static constexpr std::uint32_t kEpolls = 6, kEvents = 3;

  std::size_t pick() { return random_.below(static_cast<std::uint32_t>(fds_.size())); }
  // Mostly one of the first that is an event.
  std::size_t pick_event() { return random_.below(8) == 0 ? pick() : kEpolls + random_.below(kEvents); }
  // Mostly one that is an epoll.
  std::size_t pick_epoll() {
    return random_.below(8) == 0 ? pick() : random_.below(random_.below(kEpolls) + 1);
  }

  void say(const std::string& call, int result) {
    said_ += call + " = " + std::to_string(result);
    if (result < 0) said_ += std::string(" ") + strerrorname_np(errno);
    said_ += '\n';
  }

  void add(const std::string& call, int fd) {
    say(call, fd < 0 ? -1 : 0);
    if (fd >= 0) fds_.push_back(fd);
  }

  void take_step() {
    switch (random_.below(24)) {
      case 0:
        return add("make_event()", side_.make_event());
      case 1:
        return add("make_epoll()", side_.make_epoll());
      case 2:
        return dup();
      case 3:
        return close();
      case 4:
      case 5:
      case 6:
        return signal();
      case 7:
      case 8:
        return drain();
      case 9:
      case 10:
      case 11:
      case 12:
      case 13:
        return control();
      case 14:
        return poll();
      case 15:
        return select();
      default:
        return wait();
    }
  }

  void dup() {
    const std::size_t index = pick();
    add("dup(" + std::to_string(index) + ")", side_.dup(fds_[index]));
  }
  void close() {
    const std::size_t index = random_.below(2) == 0 ? fds_.size() - 1 : pick();
    say("close(" + std::to_string(index) + ")", side_.close(fds_[index]));
  }
  void signal() {
    const std::size_t index = pick_event();
    say("signal(" + std::to_string(index) + ")", side_.signal(fds_[index]));
  }
  void drain() {
    const std::size_t index = pick_event();
    say("drain(" + std::to_string(index) + ")", side_.drain(fds_[index]));
  }

  void control() {
    static constexpr std::array<std::uint32_t, 8> kMasks = {
        EPOLLIN,     EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLRDHUP, 0,
        EPOLLRDNORM, EPOLLIN,  EPOLLIN | EPOLLOUT};
    const std::size_t epoll = pick_epoll(), member = random_.below(2) == 0 ? pick() : pick_event();
    const auto operation = static_cast<int>(1 + random_.below(random_.below(20) == 0 ? 5 : 3));
    epoll_event event{.events = kMasks[random_.below(kMasks.size())], .data = {.u64 = random_.next()}};
    if (random_.below(3) == 0) event.events |= EPOLLET;
    if (random_.below(4) == 0) event.events |= EPOLLONESHOT;
    const int result = side_.control(fds_[epoll], operation, fds_[member], &event);
    const std::string call = "epoll_ctl(" + std::to_string(epoll) + ", " + std::to_string(operation) + ", " +
                             std::to_string(member) + ", " + std::to_string(event.events) + ")";
    say(call, result);
  }

  void wait() {
    const std::size_t epoll = pick_epoll();
    const int room = static_cast<int>(random_.below(10)) - 1;
    std::array<epoll_event, 8> events{};
    const int count = side_.wait(fds_[epoll], events.data(), room);
    say("epoll_wait(" + std::to_string(epoll) + ", " + std::to_string(room) + ")", count);
    for (int index = 0; index < count; ++index) {
      const epoll_event& event = events[static_cast<std::size_t>(index)];
      said_ +=
          "  " + std::to_string(event.events) + " of " + std::to_string(std::uint64_t{event.data.u64}) + "\n";
    }
  }

  void poll() {
    std::array<pollfd, 3> entries{};
    std::string call = "poll(";
    for (pollfd& entry : entries) {
      const std::size_t index = pick();
      entry = {.fd = fds_[index], .events = static_cast<short>(random_.next()), .revents = -1};
      call += std::to_string(index) + " " + std::to_string(entry.events) + ", ";
    }
    say(call + ")", side_.poll(entries.data(), entries.size()));
    for (const pollfd& entry : entries) said_ += "  " + std::to_string(entry.revents) + "\n";
  }

  void select() {
    fd_set readable, writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    const std::size_t one = pick(), other = pick();
    FD_SET(fds_[one], &readable);
    FD_SET(fds_[other], &readable);
    FD_SET(fds_[other], &writable);
    const int count = side_.select(FD_SETSIZE, &readable, &writable);
    say("select(" + std::to_string(one) + " " + std::to_string(other) + ")", count);
    said_ += FD_ISSET(fds_[one], &readable) ? " r" : " -";
    said_ += FD_ISSET(fds_[other], &readable) ? " r" : " -";
    said_ += FD_ISSET(fds_[other], &writable) ? " w\n" : " -\n";
  }

  Side& side_;
  RandomSource random_;
  std::vector<int> fds_;
  std::string said_;
};

TEST(EpollTwinTest, GivesWhatTheKernelGives) {
  constexpr std::uint64_t kSequences = 4000;
  for (std::uint64_t seed = 1; seed <= kSequences; ++seed) {
    const int steps = static_cast<int>(5 + seed * 120 / kSequences);
    KernelSide kernel;
    VirtualSide vnet;
    ASSERT_EQ(Script(vnet, seed).run(steps), Script(kernel, seed).run(steps)) << "seed " << seed;
  }
}

// Chains of epolls, closed at random, up to where they are too long.
TEST(EpollTwinTest, NestsAsDeepAsTheKernel) {
  const auto chain = [](Side& side, std::uint64_t seed) {
    RandomSource random(seed);
    std::array<int, 8> fds{};
    for (int& fd : fds) fd = side.make_epoll();
    std::string said;
    for (int step = 0; step < 30; ++step) {
      const std::size_t outer = random.below(8), inner = (outer + 1 + random.below(2)) % 8;
      epoll_event event{.events = EPOLLIN, .data = {}};
      const int operation = random.below(4) == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_ADD;
      said += side.control(fds[outer], operation, fds[inner], &event) == 0 ? "ok" : strerrorname_np(errno);
      said += ' ';
    }
    return said;
  };
  std::string all;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    KernelSide kernel;
    VirtualSide vnet;
    const std::string said = chain(kernel, seed);
    ASSERT_EQ(chain(vnet, seed), said) << "seed " << seed;
    all += said;
  }
  EXPECT_THAT(all, testing::HasSubstr("ELOOP"));
}

}  // namespace
}  // namespace selfconnect::vnet
