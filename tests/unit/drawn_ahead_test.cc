// Ports that are drawn before they are asked for are those that would be drawn then.
// SPDX-License-Identifier: MIT
#include "harness/ports/drawn_ahead.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace selfconnect {
namespace {

using namespace std::chrono_literals;

const Endpoint kDestination{Address::loopback(Family::kIpv4), 50000};

class DrawnAheadTest : public ::testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] PortSequence sequence() const { return {*parse_policy(GetParam()), PortLayout()}; }

  std::array<volatile std::uint16_t, 4096> table_{};
  DrawnAhead drawn_{sequence(), kDestination, table_};
};

TEST_P(DrawnAheadTest, GoesOnWhereTheTableEnds) {
  PortSequence expected = sequence();
  std::uint64_t turns = 0;
  for (const int taken : {1, 700, 3000, 3072, 17, 3072, 1500}) {
    ASSERT_TRUE(drawn_.refill(turns, 0s));
    for (int i = 0; i < taken; ++i, ++turns)
      ASSERT_EQ(table_.at(turns % table_.size()), expected.next(kDestination)) << turns;
  }
}

TEST_P(DrawnAheadTest, DrawsAgainWhatWasDrawnForAnotherPeriod) {
  PortSequence expected = sequence();
  ASSERT_TRUE(drawn_.refill(0, 0s));
  for (int turn = 0; turn < 100; ++turn) (void)expected.next(kDestination, 0s);
  ASSERT_TRUE(drawn_.refill(100, 10s));
  for (std::uint64_t turn = 100; turn < 3000; ++turn)
    ASSERT_EQ(table_.at(turn % table_.size()), expected.next(kDestination, 10s)) << turn;
}

TEST_P(DrawnAheadTest, SaysWhenSomebodyWasFaster) {
  ASSERT_TRUE(drawn_.refill(0, 0s));
  EXPECT_FALSE(drawn_.refill(4000, 0s));
}

INSTANTIATE_TEST_SUITE_P(Policies, DrawnAheadTest,
                         ::testing::Values("random:7", "linux-5.18:7", "freebsd", "macos"));

TEST(DrawnAheadTest, SaysWhenThePolicyHasNoPort) {
  std::array<volatile std::uint16_t, 4096> table{};
  DrawnAhead drawn({Policy::random(7), {.low = 100, .high = 100, .reserved = {100}}}, kDestination, table);
  EXPECT_FALSE(drawn.refill(0, 0s));
}

}  // namespace
}  // namespace selfconnect
