// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include <cerrno>
#include <climits>

#include "fuzz/vnet/calls.h"
#include "tests/unit/vnet/virtual_host.h"

namespace selfconnect::vnet {
namespace {

using namespace std::chrono_literals;

class TimeTest : public testing::Test {
 protected:
  static Time read(clockid_t clock) {
    timespec now{.tv_sec = -1, .tv_nsec = -1};
    EXPECT_EQ(calls::clock_gettime(clock, &now), 0);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  }

  VirtualHost virtual_;
  Host& host_ = virtual_.host;
};

TEST_F(TimeTest, ClocksFollowVirtualTime) {
  calls::usleep(1'500'001);
  for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_TAI}) {
    EXPECT_EQ(read(clock), 1'000'000'001s + 500'001us) << clock;
  }
  for (const clockid_t clock :
       {CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME}) {
    EXPECT_EQ(read(clock), 1h + 1500001us) << clock;
  }
  timeval now{};
  struct timezone zone{.tz_minuteswest = 7, .tz_dsttime = 7};
  EXPECT_EQ(calls::gettimeofday(&now, &zone), 0);
  EXPECT_EQ(now.tv_sec, 1'000'000'001);
  EXPECT_EQ(now.tv_usec, 500'001);
  EXPECT_EQ(zone.tz_minuteswest, 0);
  time_t seconds = 0;
  EXPECT_EQ(calls::time(&seconds), 1'000'000'001);
  EXPECT_EQ(seconds, 1'000'000'001);
  EXPECT_EQ(calls::time(nullptr), 1'000'000'001);
  timespec utc{};
  EXPECT_EQ(calls::timespec_get(&utc, TIME_UTC), TIME_UTC);
  EXPECT_EQ(utc.tv_sec, 1'000'000'001);
}

TEST_F(TimeTest, ComputingTakesNoTime) {
  calls::sleep(5);
  EXPECT_EQ(read(CLOCK_PROCESS_CPUTIME_ID), 0s);
  EXPECT_EQ(read(CLOCK_THREAD_CPUTIME_ID), 0s);
  EXPECT_EQ(calls::clock(), 0);
}

TEST_F(TimeTest, RejectsUnknownClocks) {
  timespec now{};
  EXPECT_EQ(calls::clock_gettime(10, &now), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(::clock_gettime(10, &now), -1);
}

TEST_F(TimeTest, SleepsPassTheirTimeExactly) {
  const timespec duration{.tv_sec = 2, .tv_nsec = 1};
  EXPECT_EQ(calls::nanosleep(&duration, nullptr), 0);
  EXPECT_EQ(host_.now(), 2s + 1ns);
  EXPECT_EQ(calls::sleep(600), 0U);
  EXPECT_EQ(host_.now(), 602s + 1ns);
  EXPECT_EQ(calls::clock_nanosleep(CLOCK_BOOTTIME, 0, &duration, nullptr), 0);
  EXPECT_EQ(host_.now(), 604s + 2ns);
}

TEST_F(TimeTest, SleepsUntilATimeOfAClock) {
  const timespec monotonic{.tv_sec = 3600 + 5, .tv_nsec = 0};
  EXPECT_EQ(calls::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &monotonic, nullptr), 0);
  EXPECT_EQ(host_.now(), 5s);
  const timespec real{.tv_sec = 1'000'000'009, .tv_nsec = 0};
  EXPECT_EQ(calls::clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &real, nullptr), 0);
  EXPECT_EQ(host_.now(), 9s);
  const timespec over{.tv_sec = 1, .tv_nsec = 0};
  EXPECT_EQ(calls::clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &over, nullptr), 0);
  EXPECT_EQ(host_.now(), 9s);
}

TEST_F(TimeTest, ThingsHappenInASleep) {
  const auto [fd, file] = virtual_.open();
  const Later one(host_, 1s, file, POLLIN, POLLIN);
  const Later at_the_end(host_, 2s, file, POLLPRI, POLLPRI);
  const Later after(host_, 2s + 1ns, file, 0, POLLIN);
  calls::sleep(2);
  EXPECT_EQ(file.mask, POLLPRI);
}

// The same errors as glibc and the kernel give.
TEST_F(TimeTest, SleepsRejectWhatTheKernelRejects) {
  for (const timespec& bad : {timespec{.tv_sec = -1, .tv_nsec = 0}, timespec{.tv_sec = 0, .tv_nsec = -1},
                              timespec{.tv_sec = 0, .tv_nsec = 1'000'000'000}}) {
    EXPECT_EQ(calls::nanosleep(&bad, nullptr), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(calls::clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, nullptr), EINVAL);
    EXPECT_EQ(::clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, nullptr), EINVAL);
  }
  const timespec none{};
  for (const clockid_t clock :
       {CLOCK_MONOTONIC, CLOCK_TAI, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE,
        CLOCK_THREAD_CPUTIME_ID, clockid_t{10}, clockid_t{99}}) {
    EXPECT_EQ(calls::clock_nanosleep(clock, 0, &none, nullptr), ::clock_nanosleep(clock, 0, &none, nullptr))
        << clock;
  }
}

TEST_F(TimeTest, SleepsWithoutAnEndStandStill) {
  const timespec forever{.tv_sec = LONG_MAX, .tv_nsec = 0};
  EXPECT_EQ(calls::nanosleep(&forever, nullptr), -1);
  EXPECT_EQ(errno, EDEADLK);
  EXPECT_EQ(host_.now(), 0s);
  EXPECT_EQ(calls::sleep(UINT_MAX), 0U);
  EXPECT_EQ(host_.now(), std::chrono::seconds(UINT_MAX));
  EXPECT_EQ(calls::sleep(UINT_MAX), UINT_MAX);
}

using TimeDeathTest = TimeTest;

TEST_F(TimeDeathTest, RefusesClocksOfOthers) {
  timespec now{};
  EXPECT_DEATH(calls::clock_gettime(-6, &now), "vnet: clock_gettime\\(\\): ");
  EXPECT_DEATH(calls::clock_nanosleep(CLOCK_PROCESS_CPUTIME_ID, 0, &now, nullptr),
               "vnet: clock_nanosleep\\(\\): ");
}

}  // namespace
}  // namespace selfconnect::vnet
