// SPDX-License-Identifier: MIT
#include "bench/latencies.h"

#include <gmock/gmock.h>

namespace selfconnect::bench {
namespace {

TEST(LatenciesTest, HasNoPercentileWhereThereIsNone) { EXPECT_EQ(Latencies().percentile(0.5), 0U); }

TEST(LatenciesTest, KeepsSmallValuesExactly) {
  Latencies latencies;
  for (std::uint64_t value = 0; value < 32; ++value) latencies.add(value);
  EXPECT_EQ(latencies.percentile(0.5), 15U);
  EXPECT_EQ(latencies.percentile(1), 31U);
}

// Up to half a minute, at each border of a class and beside it.
TEST(LatenciesTest, TellsAnyValueWithinAThirtySecond) {
  for (std::uint64_t value = 1; value < 30'000'000'000U; value += 1 + value / 7) {
    for (const std::uint64_t near : {value, (value | 31U), (value | 31U) + 1}) {
      Latencies latencies;
      latencies.add(near);
      EXPECT_GE(latencies.percentile(0.5), near);
      EXPECT_LE(latencies.percentile(0.5), near + near / 32) << near;
    }
  }
}

TEST(LatenciesTest, CountsWhatIsLongerInTheLastClass) {
  Latencies latencies;
  latencies.add(~std::uint64_t{0});
  EXPECT_GT(latencies.percentile(1), 30'000'000'000U);
}

TEST(LatenciesTest, FindsTheSlowTail) {
  Latencies latencies;
  latencies.add(10, 990);
  Latencies slow;
  slow.add(31, 10);
  latencies += slow;
  EXPECT_EQ(latencies.percentile(0.99), 10U);
  EXPECT_EQ(latencies.percentile(0.999), 31U);
}

}  // namespace
}  // namespace selfconnect::bench
