// What epoll_twin_test.cc cannot hold against the kernel: time, and real members among virtual ones.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>

#include "fuzz/vnet/calls.h"
#include "harness/sys/unique_fd.h"
#include "tests/unit/vnet/virtual_host.h"

namespace selfconnect::vnet {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class EpollTest : public testing::Test {
 protected:
  static int control(int epoll, int operation, int fd, std::uint32_t events, std::uint64_t data) {
    epoll_event event{.events = events, .data = {.u64 = data}};
    return calls::epoll_ctl(epoll, operation, fd, &event);
  }
  static int add(int epoll, int fd, std::uint32_t events, std::uint64_t data) {
    return control(epoll, EPOLL_CTL_ADD, fd, events, data);
  }
  // The data of the events that are there.
  static std::vector<std::uint64_t> take(int epoll, int room = 8, int timeout_ms = 0) {
    std::array<epoll_event, 8> events{};
    const int count = calls::epoll_wait(epoll, events.data(), room, timeout_ms);
    std::vector<std::uint64_t> taken;
    for (int index = 0; index < count; ++index)
      taken.push_back(std::uint64_t{events[static_cast<std::size_t>(index)].data.u64});
    return taken;
  }

  VirtualHost virtual_;
  Host& host_ = virtual_.host;
  int epoll_ = calls::epoll_create1(EPOLL_CLOEXEC);
};

TEST_F(EpollTest, PassesTimeUntilAnEvent) {
  const auto [fd, file] = virtual_.open();
  add(epoll_, fd, EPOLLIN, ~0ULL);
  const Later later(host_, 2s, file, POLLIN, POLLIN);
  EXPECT_THAT(take(epoll_, 8, 1999), IsEmpty());
  EXPECT_EQ(host_.now(), 1999ms);
  EXPECT_THAT(take(epoll_, 8, -1), ElementsAre(~0ULL));
  EXPECT_EQ(host_.now(), 2s);
  EXPECT_TRUE(host_.descriptors().close_on_exec(epoll_));
}

TEST_F(EpollTest, StandsStillWhereNothingCanHappen) {
  epoll_event event{};
  EXPECT_EQ(calls::epoll_wait(epoll_, &event, 1, -1), -1);
  EXPECT_EQ(errno, EDEADLK);
  EXPECT_EQ(calls::epoll_pwait2(epoll_, &event, 1, nullptr, nullptr), -1);
  const timespec second{.tv_sec = 1, .tv_nsec = 5};
  EXPECT_EQ(calls::epoll_pwait2(epoll_, &event, 1, &second, nullptr), 0);
  EXPECT_EQ(host_.now(), 1s + 5ns);
}

TEST_F(EpollTest, ForgetsAFileWithItsLastDescriptor) {
  const auto [fd, file] = virtual_.open();
  add(epoll_, fd, EPOLLOUT, 7);
  const int copy = virtual_.dup(fd);
  virtual_.close(fd);
  EXPECT_THAT(take(epoll_), ElementsAre(7));
  virtual_.close(copy);
  EXPECT_THAT(take(epoll_), IsEmpty());
}

// A socket that is closed may go on for a while, and change.
TEST_F(EpollTest, ForgetsAFileThatOutlivesItsDescriptors) {
  const auto [fd, file] = virtual_.open();
  const auto kept = host_.descriptors().share(fd);
  add(epoll_, fd, EPOLLIN, 7);
  virtual_.close(fd);
  file.signal();
  EXPECT_TRUE(file.is_released);
  EXPECT_THAT(take(epoll_), IsEmpty());
}

TEST_F(EpollTest, GoesWhileItsMembersStay) {
  const auto [fd, file] = virtual_.open();
  add(epoll_, fd, EPOLLIN, 7);
  virtual_.close(epoll_);
  file.signal();
  const int again = calls::epoll_create(1);
  EXPECT_EQ(add(again, fd, EPOLLIN, 8), 0);
  EXPECT_THAT(take(again), ElementsAre(8));
}

TEST_F(EpollTest, TellsItsStateToPoll) {
  const auto [fd, file] = virtual_.open();
  add(epoll_, fd, EPOLLIN, 7);
  const Later later(host_, 2s, file, POLLIN, POLLIN);
  pollfd entry{.fd = epoll_, .events = POLLIN | POLLOUT, .revents = 0};
  EXPECT_EQ(calls::poll(&entry, 1, -1), 1);
  EXPECT_EQ(entry.revents, POLLIN);
  EXPECT_EQ(host_.now(), 2s);
}

TEST_F(EpollTest, HasRealMembers) {
  const auto [fd, file] = virtual_.open();
  const UniqueFd real(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  EXPECT_EQ(add(epoll_, real.get(), EPOLLIN, 1), 0);
  EXPECT_EQ(add(epoll_, fd, EPOLLIN, 2), 0);
  EXPECT_THAT(take(epoll_), IsEmpty());
  eventfd_write(real.get(), 1);
  EXPECT_THAT(take(epoll_, 8, -1), ElementsAre(1));
  file.signal();
  EXPECT_THAT(take(epoll_), UnorderedElementsAre(1, 2));
  EXPECT_EQ(control(epoll_, EPOLL_CTL_DEL, real.get(), 0, 0), 0);
  EXPECT_THAT(take(epoll_), ElementsAre(2));
  EXPECT_EQ(host_.now(), 0s);
}

TEST_F(EpollTest, IsFairToRealMembers) {
  const UniqueFd one(eventfd(1, EFD_CLOEXEC)), other(eventfd(1, EFD_CLOEXEC));
  add(epoll_, virtual_.open().fd, EPOLLOUT, 1);
  add(epoll_, virtual_.open().fd, EPOLLOUT, 2);
  add(epoll_, one.get(), EPOLLIN, 3);
  add(epoll_, other.get(), EPOLLIN, 4);
  std::vector<std::uint64_t> seen;
  for (int look = 0; look < 6; ++look) seen.push_back(take(epoll_, 1).at(0));
  EXPECT_THAT(seen, testing::IsSupersetOf<std::uint64_t>({1, 2, 3, 4}));
}

TEST_F(EpollTest, SeesRealMembersOfItsMembers) {
  const UniqueFd real(eventfd(0, EFD_CLOEXEC));
  const int inner = calls::epoll_create1(0);
  add(inner, real.get(), EPOLLIN, 1);
  add(epoll_, inner, EPOLLIN, 2);
  EXPECT_THAT(take(epoll_), IsEmpty());
  eventfd_write(real.get(), 1);
  pollfd entry{.fd = epoll_, .events = POLLIN, .revents = 0};
  EXPECT_EQ(calls::poll(&entry, 1, 0), 1);
  EXPECT_THAT(take(epoll_), ElementsAre(2));
  EXPECT_THAT(take(inner), ElementsAre(1));
  eventfd_t count = 0;
  eventfd_read(real.get(), &count);
  EXPECT_THAT(take(epoll_), IsEmpty());
}

TEST_F(EpollTest, GivesTheKernelsErrorsForRealMembers) {
  const UniqueFd real(eventfd(0, EFD_CLOEXEC)), file(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  const auto error = [](int result) { return result == -1 ? errno : 0; };
  EXPECT_EQ(error(control(epoll_, EPOLL_CTL_DEL, real.get(), 0, 0)), ENOENT);
  EXPECT_EQ(error(add(epoll_, file.get(), EPOLLIN, 0)), EPERM);
  EXPECT_EQ(error(add(epoll_, -1, EPOLLIN, 0)), EBADF);
  EXPECT_EQ(error(add(epoll_, real.get(), EPOLLIN, 0)), 0);
  EXPECT_EQ(error(add(epoll_, real.get(), EPOLLIN, 0)), EEXIST);
  EXPECT_EQ(error(add(-1, virtual_.open().fd, EPOLLIN, 0)), EBADF);
  EXPECT_EQ(error(calls::epoll_create(0)), EINVAL);
  EXPECT_EQ(error(calls::epoll_create1(1)), EINVAL);
}

TEST_F(EpollTest, WaitsInVirtualTimeOnARealOneToo) {
  const UniqueFd real(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  EXPECT_EQ(calls::epoll_wait(real.get(), &event, 1, 3'600'000), 0);
  EXPECT_EQ(host_.now(), 1h);
}

using EpollDeathTest = EpollTest;

TEST_F(EpollDeathTest, RefusesWhatIsNotModelled) {
  const UniqueFd real(epoll_create1(EPOLL_CLOEXEC));
  const int fd = virtual_.open().fd;
  EXPECT_DEATH(add(real.get(), fd, EPOLLIN, 0), "vnet: epoll_ctl\\(\\): .* before the run");
  EXPECT_DEATH(add(epoll_, fd, EPOLLIN | EPOLLEXCLUSIVE, 0), "vnet: epoll_ctl\\(\\): EPOLLEXCLUSIVE");
}

}  // namespace
}  // namespace selfconnect::vnet
