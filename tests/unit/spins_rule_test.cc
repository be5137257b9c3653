// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("spins", run); }

// One attempt, and a process that uses `share` of a core from 0 to `until`.
TraceBuilder computing(double share, Instant until, Instant first_attempt = 1ms) {
  TraceBuilder builder(Phase::kSelfConnect);
  builder.self_connected(first_attempt);
  for (Instant at = 0ms; at <= until; at += 50ms) {
    builder.sample({.at = at,
                    .attempts = at > first_attempt ? 1U : 0U,
                    .cpu = std::chrono::nanoseconds(
                        static_cast<std::int64_t>(share * static_cast<double>(at.count())))});
  }
  return builder;
}

TEST(SpinsRuleTest, TripsOnABusyCore) {
  const auto outcome = judged(run_of({computing(0.95, 2s)}));
  EXPECT_THAT(outcome, IsFound("kept 95 % of a processor core busy for 500 ms"));
  EXPECT_EQ(first_finding(outcome).level, Level::kWarning);
  EXPECT_TRUE(first_finding(outcome).counted);
}

TEST(SpinsRuleTest, IsClearForLittleCpuOrAShortTime) {
  EXPECT_THAT(judged(run_of({computing(0.75, 2s)})), IsClear());
  EXPECT_THAT(judged(run_of({computing(1.0, 450ms)})), IsClear());
}

TEST(SpinsRuleTest, IsClearForStartingUpBeforeTheFirstAttempt) {
  EXPECT_THAT(judged(run_of({computing(1.0, 2s, 1600ms)})), IsClear());
}

TEST(SpinsRuleTest, IsClearForWorkThatAPeerOrOutputExplains) {
  EXPECT_THAT(judged(run_of({computing(1.0, 2s).accepted(1ms)})), IsClear());
  EXPECT_THAT(judged(run_of({computing(1.0, 2s).out(std::string(1024 * 1024 + 1, 'x'))})), IsClear());
  EXPECT_THAT(judged(run_of({computing(1.0, 2s).out(std::string(1024 * 1024, 'x'))})), IsFound("100 %"));
}

TEST(SpinsRuleTest, TripsOnAPeerThatHasGone) {
  EXPECT_THAT(judged(run_of({computing(1.0, 2s).accepted(1ms).closed(Ending::kFin, 20ms, Side::kPeer)})),
              IsFound("processor core"));
}

TEST(SpinsRuleTest, TripsOnDiallingWithoutAPause) {
  const auto outcome = judged(run_of({TraceBuilder(Phase::kRefused).refused_each(1ms, 9ms, 60)}));
  EXPECT_THAT(outcome, IsFound("dialled 127.0.0.1:50000 without backing off: 60 attempts in 531 ms"));
  EXPECT_TRUE(first_finding(outcome).counted);
}

TEST(SpinsRuleTest, TripsOnAFastDiallerOfWhichFewAttemptsAreKept) {
  auto builder = TraceBuilder(Phase::kRefused).refused_each(1ms, 10us, 64).uncounted(500'000);
  EXPECT_THAT(judged(run_of({builder.refused_each(9s, 18us, 64)})), IsFound("500128 attempts in 9.0 s"));
}

TEST(SpinsRuleTest, IsClearJustBelowTheLimits) {
  EXPECT_THAT(judged(run_of({TraceBuilder(Phase::kRefused).refused_each(1ms, 11ms, 200)})), IsClear());
  EXPECT_THAT(judged(run_of({TraceBuilder(Phase::kRefused).refused_each(1ms, 1ms, 500)})), IsClear());
}

TEST(SpinsRuleTest, IsClearForManyLinksThatBackOff) {
  TraceBuilder backing_off(Phase::kRefused);
  for (const Instant at : {0ms, 100ms, 300ms, 700ms, 1500ms}) backing_off.refused_each(at, 20us, 64);
  EXPECT_THAT(judged(run_of({backing_off})), IsClear());
  TraceBuilder steady_pause(Phase::kRefused);
  for (const Instant at : {0ms, 500ms, 1000ms, 1500ms, 2000ms}) steady_pause.refused_each(at, 20us, 64);
  EXPECT_THAT(judged(run_of({steady_pause})), IsClear());
}

TEST(SpinsRuleTest, IsClearForManyLinksOfWhichFewAttemptsAreKept) {
  auto builder = TraceBuilder(Phase::kRefused).refused_each(0ms, 20us, 32).uncounted(2000);
  EXPECT_THAT(judged(run_of({builder.refused_each(8s, 20ms, 20)})), IsClear());
}

TEST(SpinsRuleTest, IsClearForServedConnections) {
  TraceBuilder builder(Phase::kHealthy);
  for (int i = 0; i < 200; ++i) builder.accepted(5ms * i).closed(Ending::kFin, 5ms * i + 1ms);
  EXPECT_THAT(judged(run_of({builder})), IsClear());
}

TEST(SpinsRuleTest, IsNotJudgedWithoutAnAttempt) {
  EXPECT_THAT(judged(run_of({TraceBuilder(Phase::kRefused)})), IsNotJudged("no attempt"));
}

}  // namespace
}  // namespace selfconnect
