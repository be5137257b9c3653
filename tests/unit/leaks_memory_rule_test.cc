// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("leaks-memory", run); }

constexpr std::uint64_t kMib = 1024 * 1024;

TraceBuilder holding(std::size_t attempts, auto bytes_after, Phase phase = Phase::kRefused) {
  TraceBuilder builder(phase);
  builder.stopped("timeout", 200ms * static_cast<int>(attempts + 1));
  for (std::uint64_t i = 1; i <= attempts; ++i) {
    const Instant at = 200ms * static_cast<int>(i);
    builder.refused(at).sample({.at = at + 1ms, .attempts = i, .resident_bytes = bytes_after(i)});
  }
  return builder;
}

TEST(LeaksMemoryRuleTest, TripsOnSteadyGrowth) {
  const auto outcome = judged(run_of({holding(20, [](auto i) { return 2 * kMib + i * kMib / 4; })}));
  EXPECT_THAT(outcome, IsFound("256 KiB for each"));
  EXPECT_EQ(first_finding(outcome).level, Level::kWarning);
  EXPECT_TRUE(first_finding(outcome).counted);
}

TEST(LeaksMemoryRuleTest, IsClearBelowAMebibyteInAll) {
  EXPECT_THAT(judged(run_of({holding(20, [](auto i) { return 2 * kMib + i * 40'000; })})), IsClear());
}

TEST(LeaksMemoryRuleTest, IsClearBelowFourKibibytesAnAttempt) {
  EXPECT_THAT(judged(run_of({holding(900, [](auto i) { return 2 * kMib + i * 4000; })})), IsClear());
  EXPECT_THAT(judged(run_of({holding(900, [](auto i) { return 2 * kMib + i * 4100; })})),
              IsFound("more memory"));
}

TEST(LeaksMemoryRuleTest, IsClearForAWarmUpThatSlowsDown) {
  EXPECT_THAT(judged(run_of({holding(20, [](auto i) { return 2 * kMib + 40 * kMib - 40 * kMib / i; })})),
              IsClear());
}

TEST(LeaksMemoryRuleTest, IsClearForALargeHeapThatBreathes) {
  EXPECT_THAT(judged(run_of({holding(20, [](auto i) { return 80 * kMib + i * kMib / 4; })})), IsClear());
}

TEST(LeaksMemoryRuleTest, IsClearWhenMemoryIsGivenBack) {
  EXPECT_THAT(judged(run_of({holding(40, [](auto i) { return 2 * kMib + i % 10 * kMib; })})), IsClear());
}

TEST(LeaksMemoryRuleTest, IsClearWhileMoreConnectionsAreOpen) {
  TraceBuilder builder(Phase::kHealthy);
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const Instant at = 200ms * static_cast<int>(i);
    builder.accepted(at).sample({.at = at + 1ms, .attempts = i, .resident_bytes = (2 + i) * kMib});
  }
  EXPECT_THAT(judged(run_of({builder})), IsClear());
}

TEST(LeaksMemoryRuleTest, IsNotJudgedWithTooFewAttempts) {
  EXPECT_THAT(judged(run_of({holding(5, [](auto i) { return i * kMib; })})), IsNotJudged("too few attempts"));
}

}  // namespace
}  // namespace selfconnect
