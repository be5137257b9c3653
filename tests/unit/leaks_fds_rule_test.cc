// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("leaks-fds", run); }

struct Seen {
  std::uint64_t attempts;
  std::uint32_t descriptors;
};

// Dials every `step`; a sample 1 ms after each attempt for which `seen` has one.
TraceBuilder dialler(Instant step, const std::vector<Seen>& seen, Phase phase = Phase::kRefused) {
  TraceBuilder builder(phase);
  builder.refused_each(10ms, step, seen.back().attempts);
  builder.stopped("timeout", step * static_cast<int>(seen.back().attempts + 1) + 1s);
  for (const Seen& each : seen) {
    builder.sample({.at = 11ms + step * static_cast<int>(each.attempts - 1),
                    .attempts = each.attempts,
                    .descriptors = each.descriptors});
  }
  return builder;
}

// One sample an attempt.
TraceBuilder steady(std::size_t attempts, auto descriptors_after) {
  std::vector<Seen> seen;
  for (std::uint64_t i = 1; i <= attempts; ++i) {
    seen.push_back({i, static_cast<std::uint32_t>(descriptors_after(i))});
  }
  return dialler(200ms, seen);
}

TEST(LeaksFdsRuleTest, TripsOnOneDescriptorAnAttempt) {
  for (const std::size_t attempts : {6U, 7U, 8U, 11U, 20U, 400U}) {
    const auto outcome = judged(run_of({steady(attempts, [](auto i) { return 3 + i; })}));
    EXPECT_THAT(outcome, IsFound("holds more file descriptors with each attempt")) << attempts;
  }
}

TEST(LeaksFdsRuleTest, CountsInAControlAndNamesTheProcess) {
  const auto outcome = judged(run_of({steady(20, [](auto i) { return 3 + i; })}));
  const Finding& finding = first_finding(outcome);
  EXPECT_TRUE(finding.counted);
  EXPECT_EQ(evidence_of<std::string>(finding, "process"), "client");
  EXPECT_DOUBLE_EQ(evidence_of<double>(finding, "per_attempt"), 1.0);
}

TEST(LeaksFdsRuleTest, TripsOnAFastDiallerWithFewSamples) {
  EXPECT_THAT(judged(run_of({dialler(1ms, {{1, 4}, {300, 303}, {600, 603}, {900, 903}, {1200, 1203}})})),
              IsFound("to 1203 over 600 attempts"));
}

TEST(LeaksFdsRuleTest, SaysItOnceForAllPhases) {
  const auto leak = steady(20, [](auto i) { return 3 + i; });
  auto self = leak;
  self.trace().phase = Phase::kSelfConnect;
  const auto outcome = judged(run_of({leak, self}));
  ASSERT_EQ(std::get<Findings>(outcome).size(), 1U);
  EXPECT_EQ(evidence_of<std::string>(first_finding(outcome), "also_in"), "self-connect");
}

TEST(LeaksFdsRuleTest, IsClearForAConstantNumber) {
  EXPECT_THAT(judged(run_of({steady(20, [](auto) { return 5; })})), IsClear());
}

TEST(LeaksFdsRuleTest, IsClearForAnAttemptInProgressAtSomeSamples) {
  EXPECT_THAT(judged(run_of({steady(40, [](auto i) { return 5 + i % 2; })})), IsClear());
  EXPECT_THAT(judged(run_of({steady(40, [](auto i) { return 5 + i * 7 % 3; })})), IsClear());
}

TEST(LeaksFdsRuleTest, IsClearForABurstOfLinksThatAreReused) {
  EXPECT_THAT(judged(run_of({dialler(100us, {{1, 4}, {20, 24}, {45, 49}, {64, 68}, {100, 68}, {128, 68}})})),
              IsClear());
}

TEST(LeaksFdsRuleTest, IsClearForABurstAndNothingAfter) {
  EXPECT_THAT(judged(run_of({dialler(100us, {{1, 4}, {10, 14}, {20, 24}, {40, 44}, {50, 54}, {64, 68}})})),
              IsClear());
}

TEST(LeaksFdsRuleTest, IsClearForAPoolThatFillsUp) {
  EXPECT_THAT(judged(run_of({steady(40, [](auto i) { return 4 + std::min<std::uint64_t>(i, 16); })})),
              IsClear());
  EXPECT_THAT(judged(run_of({steady(40, [](auto i) { return 4 + std::min<std::uint64_t>(i, 30); })})),
              IsClear());
}

TEST(LeaksFdsRuleTest, TakesConnectionsInUseOff) {
  TraceBuilder builder(Phase::kHealthy);
  for (int i = 1; i <= 12; ++i) {
    builder.accepted(200ms * i).sample({.at = 200ms * i + 1ms,
                                        .attempts = static_cast<std::uint64_t>(i),
                                        .descriptors = static_cast<std::uint32_t>(4 + i)});
  }
  EXPECT_THAT(judged(run_of({builder})), IsClear());
  for (Attempt& attempt : builder.trace().attempts.kept)
    attempt.ended_at = attempt.at + 500us;  // by the server
  EXPECT_THAT(judged(run_of({builder})), IsFound("connections in use not counted"));
}

TEST(LeaksFdsRuleTest, JudgesEachProcessByItself) {
  auto builder = steady(20, [](auto) { return 5; });
  for (int i = 1; i <= 20; ++i) {
    builder.sample({.at = 200ms * i,
                    .attempts = static_cast<std::uint64_t>(i),
                    .pid = 4300 + i,
                    .descriptors = static_cast<std::uint32_t>(5 + i)});
  }
  EXPECT_THAT(judged(run_of({builder})), IsClear());
}

TEST(LeaksFdsRuleTest, IsNotJudgedWithTooFewAttemptsOrSamples) {
  EXPECT_THAT(judged(run_of({steady(5, [](auto i) { return 3 + i; })})), IsNotJudged("too few attempts"));
  EXPECT_THAT(judged(run_of({dialler(10ms, {{1, 4}, {20, 23}})})), IsNotJudged("too few attempts"));
  EXPECT_THAT(judged(run_of({})), IsNotJudged("too few attempts"));
}

TEST(LeaksFdsRuleTest, IsNotJudgedWhenConnectionsWereOnlyCounted) {
  auto builder = steady(20, [](auto i) { return 3 + i; });
  builder.trace().attempts.accepted = 5;
  EXPECT_THAT(judged(run_of({builder})), IsNotJudged("too few attempts"));
}

}  // namespace
}  // namespace selfconnect
