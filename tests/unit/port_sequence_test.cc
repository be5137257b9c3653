// SPDX-License-Identifier: MIT
#include "harness/ports/port_sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>

namespace selfconnect {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Endpoint kDestination = Endpoint::parse("127.0.0.1:50000").value();
const Endpoint kOther = Endpoint::parse("[::1]:80").value();

std::vector<int> take(PortSequence& ports, int count, const Endpoint& destination = kDestination) {
  std::vector<int> taken;
  for (int i = 0; i < count; ++i) taken.push_back(ports.next(destination).value_or(0));
  return taken;
}

TEST(PortSequenceTest, SequentialHandsOutEachPortInOrderAndThenBeginsAgain) {
  PortSequence ports(Policy::sequential(50001, 50003), {});
  EXPECT_THAT(take(ports, 7), ElementsAre(50001, 50002, 50003, 50001, 50002, 50003, 50001));
}

TEST(PortSequenceTest, SequentialIsSharedByDestinations) {
  PortSequence ports(Policy::sequential(50001), {});
  EXPECT_EQ(ports.next(kDestination), 50001);
  EXPECT_EQ(ports.next(kOther), 50002);
}

TEST(PortSequenceTest, SequentialSkipsReservedPortsAndThoseNeverHandedOut) {
  const PortLayout open{.reserved = {50002, 50005}};
  PortSequence ports(Policy::sequential(50001, 50005), open, {50003});
  EXPECT_THAT(take(ports, 3), ElementsAre(50001, 50004, 50001));
  EXPECT_THAT(port_cycle(Policy::sequential(50001, 50005), open, {50003}), ElementsAre(50001, 50004));
  EXPECT_THAT(port_cycle(Policy::random(1), open), IsEmpty());
}

TEST(PortSequenceTest, SequentialReachesTheHighestPort) {
  EXPECT_THAT(port_cycle(Policy::sequential(65534), {}), ElementsAre(65534, 65535));
}

TEST(PortSequenceTest, HandsOffWhereNoPortIsLeft) {
  PortSequence ports(Policy::sequential(50001, 50001), {}, {50001});
  EXPECT_EQ(ports.next(kDestination), std::nullopt);
}

TEST(PortSequenceTest, ForceGivesTheDestinationsOwnPort) {
  PortSequence ports(Policy::force(), {.reserved = {50000}}, {80});
  EXPECT_EQ(ports.next(kDestination), 50000);
  EXPECT_EQ(ports.next(kOther), std::nullopt);
}

TEST(PortSequenceTest, KernelHandsOff) {
  PortSequence ports(Policy::kernel(), {});
  EXPECT_EQ(ports.next(kDestination), std::nullopt);
}

TEST(PortSequenceTest, RandomFollowsItsSeedAndStaysInTheRange) {
  const PortLayout open{.low = 100, .high = 109, .reserved = {103}};
  PortSequence ports(Policy::random(7), open, {104});
  PortSequence same(Policy::random(7), open, {104});
  PortSequence other(Policy::random(8), open, {104});
  const auto taken = take(ports, 200);
  EXPECT_EQ(taken, take(same, 200));
  EXPECT_NE(taken, take(other, 200));
  EXPECT_THAT(std::set<int>(taken.begin(), taken.end()), ElementsAre(100, 101, 102, 105, 106, 107, 108, 109));
}

TEST(PortSequenceTest, BeginsElsewhereEveryTenSecondsWhereTheModelDoes) {
  PortSequence ports(Policy{.kind = PolicyKind::kLinux5_18}, {});
  AllocatorModel reseeded(PolicyKind::kLinux5_18, {}, 0), steady(PolicyKind::kLinux5_18, {}, 0);
  const auto expect_next = [&](std::chrono::nanoseconds elapsed) {
    EXPECT_EQ(ports.next(kDestination, elapsed), reseeded.next(kDestination));
  };
  expect_next(0s);
  expect_next(9'999ms);
  reseeded.reseed();
  reseeded.reseed();
  expect_next(25s);
  expect_next(29s);
  for (int i = 0; i < 4; ++i) (void)steady.next(kDestination);
  EXPECT_NE(ports.next(kDestination, 29s), steady.next(kDestination));
}

TEST(PortSequenceTest, ModelsLeaveOutPortsNeverHandedOut) {
  const PortLayout open{.low = 100, .high = 107, .reserved = {102}};
  PortSequence ports(Policy{.kind = PolicyKind::kLinux5_18}, open, {104});
  const auto taken = take(ports, 200);
  EXPECT_THAT(std::set<int>(taken.begin(), taken.end()), ElementsAre(100, 106));
}

}  // namespace
}  // namespace selfconnect
