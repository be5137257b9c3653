// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <cerrno>

#include "fuzz/vnet/calls.h"
#include "harness/sys/unique_fd.h"
#include "tests/unit/vnet/virtual_host.h"

namespace selfconnect::vnet {
namespace {

using namespace std::chrono_literals;

timespec as_timespec(Time time) {
  return {.tv_sec = time.count() / 1'000'000'000, .tv_nsec = time.count() % 1'000'000'000};
}
Time as_time(const timespec& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

class TimerfdTest : public testing::Test {
 protected:
  static int set(int fd, Time value, Time interval = {}, int flags = 0, itimerspec* before = nullptr) {
    const itimerspec timer{.it_interval = as_timespec(interval), .it_value = as_timespec(value)};
    return calls::timerfd_settime(fd, flags, &timer, before);
  }
  Time left(int fd) {
    itimerspec value{};
    EXPECT_EQ(calls::timerfd_gettime(fd, &value), 0);
    return as_time(value.it_value);
  }
  // The count of expirations, or an errno below 0.
  static std::int64_t read(int fd) {
    std::uint64_t count = 0;
    return calls::read(fd, &count, sizeof(count)) < 0 ? -errno : static_cast<std::int64_t>(count);
  }
  int open(int clock = CLOCK_MONOTONIC) { return calls::timerfd_create(clock, TFD_NONBLOCK | TFD_CLOEXEC); }

  VirtualHost virtual_;
  Host& host_ = virtual_.host;
};

TEST_F(TimerfdTest, ExpiresOnce) {
  const int fd = open();
  set(fd, 3s);
  EXPECT_EQ(read(fd), -EAGAIN);
  EXPECT_EQ(left(fd), 3s);
  calls::sleep(2);
  EXPECT_EQ(left(fd), 1s);
  pollfd entry{.fd = fd, .events = POLLIN | POLLOUT, .revents = 0};
  EXPECT_EQ(calls::poll(&entry, 1, -1), 1);
  EXPECT_EQ(entry.revents, POLLIN);
  EXPECT_EQ(host_.now(), 3s);
  calls::sleep(100);
  EXPECT_EQ(left(fd), 0s);
  EXPECT_EQ(read(fd), 1);
  EXPECT_EQ(read(fd), -EAGAIN);
  EXPECT_EQ(calls::poll(&entry, 1, 1000), 0);
}

TEST_F(TimerfdTest, CountsItsExpirations) {
  const int fd = open();
  set(fd, 1s, 250ms);
  calls::sleep(2);
  EXPECT_EQ(left(fd), 250ms);
  EXPECT_EQ(read(fd), 5);
  EXPECT_EQ(read(fd), -EAGAIN);
  calls::usleep(249'999);
  EXPECT_EQ(read(fd), -EAGAIN);
  EXPECT_EQ(left(fd), 1us);
  calls::usleep(1);
  EXPECT_EQ(read(fd), 1);
}

TEST_F(TimerfdTest, WaitsWhenItIsReadBlocking) {
  const int fd = calls::timerfd_create(CLOCK_BOOTTIME, 0);
  set(fd, 7s, 1s);
  EXPECT_EQ(read(fd), 1);
  EXPECT_EQ(read(fd), 1);
  EXPECT_EQ(host_.now(), 8s);
  set(fd, 0s);
  EXPECT_EQ(read(fd), -EDEADLK);
}

TEST_F(TimerfdTest, IsReadIntoSeveralParts) {
  const int fd = open();
  set(fd, 1s, 1s);
  calls::sleep(0x1234);
  std::array<unsigned char, 9> bytes{};
  const std::array<iovec, 3> parts = {{{bytes.data(), 1}, {nullptr, 0}, {bytes.data() + 1, 8}}};
  EXPECT_EQ(calls::readv(fd, parts.data(), 3), 8);
  EXPECT_THAT(bytes, testing::ElementsAre(0x34, 0x12, 0, 0, 0, 0, 0, 0, 0));
}

TEST_F(TimerfdTest, ExpiresAtATimeOfItsClock) {
  const int monotonic = open(), real = open(CLOCK_REALTIME);
  set(monotonic, 1h + 5s, {}, TFD_TIMER_ABSTIME);
  EXPECT_EQ(left(monotonic), 5s);
  set(real, 1'000'000'006s, {}, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
  EXPECT_EQ(left(real), 6s);
  set(real, 1s, {}, TFD_TIMER_ABSTIME);
  EXPECT_EQ(read(real), 1);
  set(real, 999'999'990s, 3s, TFD_TIMER_ABSTIME);
  EXPECT_EQ(left(real), 2s);
  EXPECT_EQ(read(real), 4);
}

TEST_F(TimerfdTest, GivesWhatWasSetBefore) {
  const int fd = open();
  set(fd, 10s, 4s);
  calls::sleep(15);
  itimerspec before{};
  EXPECT_EQ(set(fd, 0s, 2s, 0, &before), 0);
  EXPECT_EQ(as_time(before.it_value), 3s);
  EXPECT_EQ(as_time(before.it_interval), 4s);
  EXPECT_EQ(read(fd), -EAGAIN);
  EXPECT_EQ(left(fd), 0s);
}

// One that nobody looks at does not keep a client from a standstill.
TEST_F(TimerfdTest, HappensOnceUntilItIsRead) {
  const int fd = open();
  set(fd, 1s, 1s);
  EXPECT_EQ(calls::poll(nullptr, 0, -1), -1);
  EXPECT_EQ(errno, EDEADLK);
  EXPECT_EQ(host_.now(), 1s);
}

TEST_F(TimerfdTest, WakesAnEpollEachTime) {
  const int fd = open();
  const int epoll = calls::epoll_create1(0);
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {}};
  calls::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  set(fd, 1s, 1s);
  for (const Time time : {1s, 2s, 3s}) {
    EXPECT_EQ(calls::epoll_wait(epoll, &event, 1, -1), 1);
    EXPECT_EQ(host_.now(), time);
    EXPECT_EQ(calls::epoll_wait(epoll, &event, 1, 0), 0);
    EXPECT_EQ(read(fd), 1);
  }
}

TEST_F(TimerfdTest, IsGoneWhenItIsClosed) {
  const int fd = open();
  set(fd, 1s);
  virtual_.close(fd);
  EXPECT_FALSE(host_.timers().next());
}

TEST_F(TimerfdTest, NeverComesBeyondTheEndOfTime) {
  const int fd = open();
  const itimerspec timer{.it_interval = {}, .it_value = {.tv_sec = INT64_MAX, .tv_nsec = 0}};
  EXPECT_EQ(calls::timerfd_settime(fd, 0, &timer, nullptr), 0);
  EXPECT_GT(left(fd), 24h);
  EXPECT_EQ(calls::poll(nullptr, 0, -1), -1);
}

TEST_F(TimerfdTest, GivesTheKernelsErrors) {
  const auto error = [](int result) { return result == -1 ? errno : 0; };
  const UniqueFd real(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  const int fd = open();
  for (const int clock : {CLOCK_MONOTONIC_RAW, CLOCK_TAI, CLOCK_PROCESS_CPUTIME_ID, 99, -1}) {
    EXPECT_EQ(error(calls::timerfd_create(clock, 0)), error(::timerfd_create(clock, 0))) << clock;
  }
  EXPECT_EQ(error(calls::timerfd_create(CLOCK_MONOTONIC, 1)), EINVAL);
  const timespec bad{.tv_sec = 0, .tv_nsec = 1'000'000'000};
  const itimerspec none{}, bad_value{.it_interval = {}, .it_value = bad},
      bad_interval{.it_interval = bad, .it_value = {}};
  for (const itimerspec& value : {none, bad_value, bad_interval}) {
    for (const int flags : {0, 1, 2, 4}) {
      EXPECT_EQ(error(calls::timerfd_settime(fd, flags, &value, nullptr)),
                error(::timerfd_settime(real.get(), flags, &value, nullptr)));
    }
  }
  virtual_.close(fd);
  EXPECT_EQ(error(calls::timerfd_settime(fd, 0, &none, nullptr)), EBADF);
  const int other = virtual_.open().fd;
  itimerspec value{};
  EXPECT_EQ(error(calls::timerfd_gettime(other, &value)), EINVAL);
  std::uint32_t little = 0;
  EXPECT_EQ(error(static_cast<int>(calls::read(open(), &little, sizeof(little)))), EINVAL);
}

}  // namespace
}  // namespace selfconnect::vnet
