// SPDX-License-Identifier: MIT
#include "harness/trace/packet_clock.h"

#include <gmock/gmock.h>

#include <vector>

namespace selfconnect {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr auto kStart = 100s;         // on CLOCK_MONOTONIC
constexpr auto kOffset = 1'000'000s;  // of CLOCK_REALTIME, at first

class PacketClockTest : public testing::Test {
 protected:
  // CLOCK_REALTIME is set forward (or back).
  void step(std::chrono::nanoseconds by) { offset_ += by; }

  // What the kernel stamps a packet with that is sent so long after the start.
  [[nodiscard]] timespec stamp(std::chrono::nanoseconds at) const {
    const auto realtime = kStart + at + offset_;
    const auto whole = std::chrono::floor<std::chrono::seconds>(realtime);
    return {.tv_sec = whole.count(), .tv_nsec = (realtime - whole).count()};
  }

  [[nodiscard]] ClockReading reading(std::chrono::nanoseconds at) const {
    return {.monotonic = kStart + at, .realtime = kStart + at + offset_};
  }

  // Taken so long after the start.
  std::vector<Instant> place(std::chrono::nanoseconds now, const std::vector<timespec>& stamps) {
    std::vector<Instant> sent(stamps.size());
    clock_.place(reading(now), stamps, sent);
    return sent;
  }

  [[nodiscard]] const PacketClock& clock() const { return clock_; }

 private:
  std::chrono::nanoseconds offset_ = kOffset;
  PacketClock clock_{std::chrono::steady_clock::time_point(kStart), reading(0s)};
};

TEST_F(PacketClockTest, CountsFromTheStart) {
  EXPECT_THAT(place(3s, {stamp(1ms), stamp(2s)}), ElementsAre(1ms, 2s));
  EXPECT_THAT(place(5s, {stamp(4s)}), ElementsAre(4s));
}

TEST_F(PacketClockTest, WhatIsLeftOfAnEarlierPhaseIsBeforeTheStart) {
  EXPECT_THAT(place(1s, {stamp(-2s), stamp(-1ms), stamp(1ms)}), ElementsAre(-2s, -1ms, 1ms));
}

TEST_F(PacketClockTest, AStepBackIsNotNoticed) {
  const timespec before = stamp(1s);
  step(-1h);
  EXPECT_THAT(place(3s, {before, stamp(2s)}), ElementsAre(1s, 2s));
  EXPECT_THAT(place(5s, {stamp(4s)}), ElementsAre(4s));
}

TEST_F(PacketClockTest, AStepForwardIsNotNoticed) {
  const timespec before = stamp(1s);
  step(1h);
  EXPECT_THAT(place(3s, {before, stamp(2s)}), ElementsAre(1s, 2s));
  EXPECT_THAT(place(5s, {stamp(4s)}), ElementsAre(4s));
}

TEST_F(PacketClockTest, AStepBetweenTwoLooksIsNotNoticed) {
  EXPECT_THAT(place(2s, {stamp(1s)}), ElementsAre(1s));
  step(-10s);
  EXPECT_THAT(place(4s, {stamp(3s)}), ElementsAre(3s));
  step(20s);
  EXPECT_THAT(place(6s, {stamp(5s)}), ElementsAre(5s));
}

TEST_F(PacketClockTest, AStepShorterThanTheLookIsOffByNoMoreThanItself) {
  const timespec before = stamp(1s);
  step(500ms);
  const auto sent = place(3s, {before, stamp(2s)});
  EXPECT_EQ(sent[0], 1s);
  EXPECT_EQ(sent[1], 2500ms);  // possible under the old setting, too
}

TEST_F(PacketClockTest, APacketStampedWhenReadIsSentBeforeTheNextOne) {
  EXPECT_THAT(place(3s, {stamp(2999ms), stamp(1s), stamp(2s)}), ElementsAre(1s, 1s, 2s));
}

TEST_F(PacketClockTest, NoPacketIsSentBeforeTheOneBeforeOrAfterNow) {
  EXPECT_THAT(place(2s, {stamp(1s)}), ElementsAre(1s));
  EXPECT_THAT(place(3s, {stamp(900ms), stamp(4s)}), ElementsAre(1s, 3s));
}

TEST_F(PacketClockTest, TellsTheTimeOfDayAsItWasAtTheStart) {
  const timespec before = stamp(1'500ms);
  step(1h);
  const auto sent = place(3s, {before, stamp(2s)});
  EXPECT_EQ(clock().realtime(sent[0]).tv_sec, 1'000'101);
  EXPECT_EQ(clock().realtime(sent[0]).tv_nsec, 500'000'000);
  EXPECT_EQ(clock().realtime(sent[1]).tv_sec, 1'000'102);
}

TEST(ReadClocksTest, ReadsBothAtOneMoment) {
  const auto before = std::chrono::steady_clock::now().time_since_epoch();
  const ClockReading reading = read_clocks();
  EXPECT_LE(before, reading.monotonic);
  EXPECT_LE(reading.monotonic, std::chrono::steady_clock::now().time_since_epoch());
  EXPECT_GT(reading.realtime, reading.monotonic);  // since 1970, since the machine started
}

}  // namespace
}  // namespace selfconnect
