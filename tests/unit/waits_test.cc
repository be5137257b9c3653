// The waits between attempts: their quantiles, and the backoff that they show.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "harness/measure/waits.h"

namespace selfconnect {

namespace {

using namespace std::chrono_literals;

TEST(WaitSampleTest, TellsQuantilesByNearestRank) {
  WaitSample sample(1);
  for (int i = 1000; i >= 1; --i) sample.add(std::chrono::milliseconds(i));
  const Waits waits = sample.summary();
  EXPECT_EQ(waits.count, 1000U);
  EXPECT_EQ(waits.p50, 500ms);
  EXPECT_EQ(waits.p90, 900ms);
  EXPECT_EQ(waits.p99, 990ms);
  EXPECT_EQ(waits.p999, 999ms);
  EXPECT_EQ(waits.max, 1000ms);
}

TEST(WaitSampleTest, StaysBoundedAndFairAndKeepsTheMaximum) {
  WaitSample sample(7, 1000);
  for (int i = 0; i < 100'000; ++i) sample.add(std::chrono::microseconds(i));
  const Waits waits = sample.summary();
  EXPECT_EQ(waits.count, 100'000U);
  EXPECT_EQ(waits.max, 99'999us);
  // The median of 1,000 of them: one standard deviation is 1.6 %.
  EXPECT_NEAR(static_cast<double>(waits.p50.count()), 50e6, 5e6);
}

TEST(WaitSampleTest, OfNothingIsEmpty) { EXPECT_EQ(WaitSample(1).summary().count, 0U); }

std::optional<BackoffFit> fit(std::vector<std::chrono::nanoseconds> waits) { return fit_backoff(waits); }

TEST(BackoffFitTest, FindsDoubling) {
  const auto found = fit({100ms, 200ms, 400ms, 800ms, 1600ms});
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->factor, 2, 1e-9);
  EXPECT_NEAR(found->jitter, 0, 1e-9);
}

TEST(BackoffFitTest, LeavesTheCapOut) {
  const auto found = fit({100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms, 1000ms, 1000ms});
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->factor, 2, 0.1);
}

// base, factor and cap in milliseconds; each wait is up to `jitter` off.
struct Backoff {
  double base, factor, cap, jitter;
  int waits;
};

std::vector<std::chrono::nanoseconds> drawn(const Backoff& backoff, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> off(1 - backoff.jitter, 1 + backoff.jitter);
  std::vector<std::chrono::nanoseconds> waits;
  double wait = backoff.base;
  for (int i = 0; i < backoff.waits; ++i) {
    waits.emplace_back(static_cast<std::int64_t>(wait * off(random) * 1e6));
    wait = std::min(backoff.cap, wait * backoff.factor);
  }
  return waits;
}

// gRPC's is 1 s, 1.6, 120 s, 20 %.
TEST(BackoffFitTest, FindsTheFactorWhereTheCapHasJitterToo) {
  constexpr unsigned kDraws = 300;
  for (const Backoff& backoff : {Backoff{1000, 1.6, 120'000, 0.2, 64},
                                 {1000, 1.6, 120'000, 0.2, 30},
                                 {1000, 2, 8000, 0.2, 40},
                                 {1000, 2, 8000, 0, 40},
                                 {100, 1.6, 1000, 0.2, 12}}) {
    unsigned near = 0;
    for (unsigned seed = 0; seed < kDraws; ++seed) {
      const auto found = fit_backoff(drawn(backoff, seed));
      near += found && std::abs(found->factor / backoff.factor - 1) < 0.2 ? 1U : 0U;
    }
    EXPECT_GE(near, kDraws * 95 / 100) << backoff.factor << " to " << backoff.cap << ", " << backoff.waits;
  }
}

TEST(BackoffFitTest, FindsACapAfterOneDoubling) {
  std::vector<std::chrono::nanoseconds> waits(20, 2s);
  waits.front() = 1s;
  const auto found = fit_backoff(waits);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->factor, 2, 1e-9);
  EXPECT_NEAR(found->jitter, 0, 1e-9);
}

TEST(BackoffFitTest, SeesNoGrowthInAConstantWaitThatIsLateNowAndThen) {
  constexpr unsigned kDraws = 1000;
  unsigned level = 0;
  for (unsigned seed = 0; seed < kDraws; ++seed) {
    std::mt19937 random(seed);
    std::bernoulli_distribution late(0.05);
    std::vector<std::chrono::nanoseconds> waits;
    for (int i = 0; i < 64; ++i) waits.emplace_back(late(random) ? 130ms : 100ms);
    const auto found = fit_backoff(waits);
    level += found && found->factor == 1 ? 1U : 0U;
  }
  EXPECT_GE(level, kDraws * 93 / 100) << "95 % are expected";
}

TEST(BackoffFitTest, SeesNoGrowthInNoise) {
  constexpr unsigned kDraws = 1000;
  for (const int waits : {8, 30, 64}) {
    unsigned level = 0;
    for (unsigned seed = 0; seed < kDraws; ++seed) {
      const auto found = fit_backoff(drawn({100, 1, 100, 0.2, waits}, seed));
      level += found && found->factor == 1 ? 1U : 0U;
    }
    EXPECT_GE(level, kDraws * 93 / 100) << waits << " waits; 95 % are expected";
  }
}

TEST(BackoffFitTest, FindsConstantWaitsAndTheirJitter) {
  const auto found = fit({100ms, 110ms, 90ms, 100ms, 110ms, 90ms});
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->factor, 1, 0.05);
  EXPECT_NEAR(found->jitter, 0.1, 0.05);
}

TEST(BackoffFitTest, TakesNoiseForNoRule) {
  const auto found = fit({100ms, 80ms, 70ms});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->factor, 1) << "by chance: three waits that happen to fall";
  const auto rising = fit({100ms, 140ms, 160ms, 220ms, 270ms, 370ms, 460ms});
  ASSERT_TRUE(rising);
  EXPECT_NEAR(rising->factor, 1.3, 0.03) << "many that rise";
}

TEST(BackoffFitTest, FindsNoRuleWhereNoneIs) {
  EXPECT_FALSE(fit({1ms, 900ms, 2ms, 700ms, 5ms, 800ms}));
  EXPECT_FALSE(fit({100ms, 200ms}));
  EXPECT_FALSE(fit({}));
}

}  // namespace

}  // namespace selfconnect
