// SPDX-License-Identifier: MIT
#include "harness/ports/allocator_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

namespace selfconnect {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

const Endpoint kDestination = Endpoint::parse("127.0.0.1:50000").value();

class AnyModelTest : public testing::TestWithParam<PolicyKind> {};

std::vector<int> take(AllocatorModel& model, int count, const AllocatorModel::Usable& usable = {}) {
  std::vector<int> taken;
  for (int i = 0; i < count; ++i) taken.push_back(model.next(kDestination, usable).value_or(0));
  return taken;
}

std::set<int> distinct(const std::vector<int>& ports) { return {ports.begin(), ports.end()}; }

TEST_P(AnyModelTest, GivesTheSamePortsForTheSameSeed) {
  AllocatorModel first(GetParam(), default_layout(GetParam()), 7),
      again(GetParam(), default_layout(GetParam()), 7), other(GetParam(), default_layout(GetParam()), 8);
  const auto ports = take(first, 50);
  EXPECT_EQ(ports, take(again, 50));
  EXPECT_NE(ports, take(other, 50));
}

TEST_P(AnyModelTest, StaysInTheRangeAndLeavesReservedPortsOut) {
  const PortLayout layout{.low = 65520, .high = 65535, .reserved = {65520, 65523, 65524, 65534}};
  AllocatorModel model(GetParam(), layout, 1);
  for (const int port : take(model, 2000)) {
    ASSERT_GE(port, layout.low);
    ASSERT_LE(port, layout.high);
    ASSERT_FALSE(layout.reserved.contains(static_cast<std::uint16_t>(port))) << port;
  }
}

TEST_P(AnyModelTest, FindsTheOnlyFreePortAndThenNone) {
  for (const int free : {100, 101, 106, 107}) {
    if (GetParam() == PolicyKind::kFreebsd && free == 100) continue;  // see LowestPort below
    AllocatorModel model(GetParam(), {.low = 100, .high = 107, .reserved = {}}, 3);
    EXPECT_THAT(take(model, 20, [&](int port) { return port == free; }), Each(free));
    EXPECT_THAT(take(model, 3, [](int) { return false; }), Each(0));
  }
}

TEST_P(AnyModelTest, WorksInARangeOfOnePort) {
  AllocatorModel model(GetParam(), {.low = 100, .high = 100, .reserved = {}}, 3);
  EXPECT_THAT(take(model, 5), Each(100));
}

INSTANTIATE_TEST_SUITE_P(Models, AnyModelTest,
                         testing::Values(PolicyKind::kLinux2_6, PolicyKind::kLinux4_2, PolicyKind::kLinux5_18,
                                         PolicyKind::kFreebsd, PolicyKind::kMacos),
                         [](const auto& model) {
                           std::string name(policy_name(model.param));
                           std::erase_if(name, [](char c) { return c == '-' || c == '.'; });
                           return name;
                         });

TEST(AllocatorModelTest, Linux2_6AndMacosWalkEveryPortInTurn) {
  for (const PolicyKind kind : {PolicyKind::kLinux2_6, PolicyKind::kMacos}) {
    AllocatorModel model(kind, {.low = 100, .high = 104, .reserved = {}}, 5);
    const auto ports = take(model, 11);
    for (std::size_t i = 1; i < ports.size(); ++i) EXPECT_EQ(ports[i], (ports[i - 1] - 100 + 1) % 5 + 100);
  }
}

TEST(AllocatorModelTest, Linux4_2WalksThePortsOfTheLowParity) {
  AllocatorModel model(PolicyKind::kLinux4_2, {.low = 101, .high = 108, .reserved = {}}, 5);
  const auto ports = take(model, 9);
  for (std::size_t i = 1; i < ports.size(); ++i) EXPECT_EQ(ports[i], (ports[i - 1] - 101 + 2) % 8 + 101);
}

TEST(AllocatorModelTest, ParityModelsTakeTheOtherParityOnlyWhenTheFirstIsUsedUp) {
  for (const PolicyKind kind : {PolicyKind::kLinux4_2, PolicyKind::kLinux5_18}) {
    AllocatorModel model(kind, {.low = 100, .high = 107, .reserved = {}}, 5);
    EXPECT_THAT(distinct(take(model, 200)), ElementsAre(100, 102, 104, 106));
    EXPECT_THAT(distinct(take(model, 200, [](int port) { return port % 2 == 1 || port == 104; })),
                ElementsAre(104));
    EXPECT_THAT(distinct(take(model, 200, [](int port) { return port % 2 == 1; })),
                ElementsAre(101, 103, 105, 107));
  }
}

TEST(AllocatorModelTest, ParityModelsNeverGiveTheLastPortOfAnOddRange) {
  for (const PolicyKind kind : {PolicyKind::kLinux4_2, PolicyKind::kLinux5_18}) {
    AllocatorModel model(kind, {.low = 100, .high = 102, .reserved = {}}, 5);
    EXPECT_THAT(distinct(take(model, 100)), ElementsAre(100));
  }
}

TEST(AllocatorModelTest, ParityModelsComeToTheLastPortOfAnOddRangeFromAReservedOne) {
  AllocatorModel model(PolicyKind::kLinux5_18, {.low = 100, .high = 104, .reserved = {102}}, 5);
  EXPECT_THAT(distinct(take(model, 100)), ElementsAre(100, 104));
}

TEST(AllocatorModelTest, Linux5_18MovesOnByOneToEightPortsOfTheParity) {
  AllocatorModel model(PolicyKind::kLinux5_18, {}, 5);
  const auto ports = take(model, 20000);
  std::map<int, int> steps;
  for (std::size_t i = 1; i < ports.size(); ++i) ++steps[(ports[i] - ports[i - 1] + 28232) % 28232];
  ASSERT_EQ(steps.size(), 8U);
  for (const auto& [step, count] : steps) {
    EXPECT_EQ(step % 2, 0);
    EXPECT_GE(step, 2);
    EXPECT_LE(step, 16);
    EXPECT_NEAR(count, 2500, 250);  // 5 standard deviations
  }
}

TEST(AllocatorModelTest, Linux5_18BeginsElsewhereAfterTenSecondsAndForAnotherDestination) {
  AllocatorModel model(PolicyKind::kLinux5_18, {}, 5);
  const int before = take(model, 1)[0];
  model.reseed();
  EXPECT_GT(std::abs(take(model, 1)[0] - before), 16);
  AllocatorModel other(PolicyKind::kLinux5_18, {}, 5);
  EXPECT_GT(std::abs(*other.next(Endpoint::parse("127.0.0.2:50000").value()) - before), 16);
}

TEST(AllocatorModelTest, FreebsdReachesItsLowestPortOnlyFromItsHighest) {
  AllocatorModel model(PolicyKind::kFreebsd, {.low = 100, .high = 104, .reserved = {}}, 5);
  EXPECT_THAT(distinct(take(model, 500)), ElementsAre(101, 102, 103, 104));
  EXPECT_THAT(distinct(take(model, 500, [](int port) { return port != 104; })),
              ElementsAre(100, 101, 102, 103));
}

TEST(AllocatorModelTest, KnowsTheModelOfARelease) {
  EXPECT_EQ(model_of_release("6.18.44"), PolicyKind::kLinux5_18);
  EXPECT_EQ(model_of_release("5.18.0-rc1"), PolicyKind::kLinux5_18);
  EXPECT_EQ(model_of_release("5.10.0-28-amd64"), PolicyKind::kLinux4_2);
  EXPECT_EQ(model_of_release("4.2"), PolicyKind::kLinux4_2);
  EXPECT_EQ(model_of_release("4.1.9"), PolicyKind::kLinux2_6);
  EXPECT_EQ(model_of_release("3.10.0-1160.el7"), PolicyKind::kLinux2_6);
  for (const char* text : {"", "x", "6", "6.", "-1.2", "6-1"})
    EXPECT_EQ(model_of_release(text), std::nullopt) << text;
}

}  // namespace
}  // namespace selfconnect
