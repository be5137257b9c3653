// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("resets-backoff", run); }

enum class Answer { kRefused, kSelfConnected };

// Attempts with these waits between them, in milliseconds.
TraceBuilder waiting(Phase phase, Answer answer, const std::vector<double>& waits) {
  TraceBuilder builder(phase);
  Instant at = 1ms;
  const auto dial = [&] { answer == Answer::kRefused ? builder.refused(at) : builder.self_connected(at); };
  dial();
  for (const double wait : waits) {
    at += std::chrono::microseconds(static_cast<std::int64_t>(wait * 1000));
    dial();
  }
  return builder;
}

TraceBuilder doubling_control() {
  return waiting(Phase::kRefused, Answer::kRefused, {100, 200, 400, 800, 1600, 1600});
}

TraceBuilder self_connecting(const std::vector<double>& waits) {
  return waiting(Phase::kSelfConnect, Answer::kSelfConnected, waits);
}

TEST(ResetsBackoffRuleTest, TripsWhenEverySelfConnectionStartsAnew) {
  const auto outcome = judged(run_of({doubling_control(), self_connecting({100, 100, 100, 100})}));
  EXPECT_THAT(outcome,
              IsFound("it waited 100 ms after attempt 4, where 4 refusals in a row make it wait 800 ms"));
  EXPECT_EQ(evidence_of<std::int64_t>(first_finding(outcome), "collapsed"), 2);
}

TEST(ResetsBackoffRuleTest, TripsWhenOneLateSelfConnectionStartsAnew) {
  auto builder = waiting(Phase::kSelfConnect, Answer::kRefused, {100, 200, 400}).self_connected(1501ms);
  EXPECT_THAT(judged(run_of({doubling_control(), builder.refused(1601ms)})),
              IsFound("100 ms after attempt 5"));
}

TEST(ResetsBackoffRuleTest, TripsOnAHotLoop) {
  EXPECT_THAT(judged(run_of({doubling_control(), self_connecting(std::vector<double>(20, 0.1))})),
              IsFound("starts anew"));
}

TEST(ResetsBackoffRuleTest, IsClearForABackoffThatGoesOn) {
  EXPECT_THAT(judged(run_of({doubling_control(), self_connecting({100, 200, 400, 800})})), IsClear());
}

TEST(ResetsBackoffRuleTest, IsClearWithJitterOfAQuarter) {
  for (unsigned seed = 0; seed < 256; ++seed) {
    std::vector<double> control;
    std::vector<double> forced;
    double base = 100;
    for (unsigned i = 0; i < 7; ++i, base = std::min(base * 2, 3200.0)) {
      // Every mixture of the extremes, low and high.
      control.push_back(base * ((seed >> i & 1U) != 0 ? 1.25 : 0.75));
      forced.push_back(base * ((seed >> (i + 1) & 1U) != 0 ? 0.75 : 1.25));
    }
    const auto outcome =
        judged(run_of({waiting(Phase::kRefused, Answer::kRefused, control), self_connecting(forced)}));
    EXPECT_FALSE(std::holds_alternative<Findings>(outcome)) << seed;
  }
}

TEST(ResetsBackoffRuleTest, TripsWithJitterOfAQuarter) {
  EXPECT_THAT(judged(run_of({waiting(Phase::kRefused, Answer::kRefused, {75, 250, 300, 1000, 1200}),
                             self_connecting({125, 75, 125, 80, 125})})),
              IsFound("starts anew"));
}

TEST(ResetsBackoffRuleTest, LooksThroughAGuardThatRedialsAtOnce) {
  TraceBuilder builder(Phase::kSelfConnect);
  Instant at = 1ms;
  for (const Instant wait : {100ms, 200ms, 400ms, 800ms, 1600ms}) {
    builder.self_connected(at).refused(at + 100us).refused(at + 200us);
    at += wait;
  }
  EXPECT_THAT(judged(run_of({doubling_control(), builder})), IsClear());
}

TEST(ResetsBackoffRuleTest, IsNotJudgedWithoutABackoffInRefused) {
  const auto forced = self_connecting({100, 100, 100, 100});
  EXPECT_THAT(judged(run_of({waiting(Phase::kRefused, Answer::kRefused, {100, 100, 100, 100}), forced})),
              IsNotJudged("no backoff seen"));
  EXPECT_THAT(judged(run_of({waiting(Phase::kRefused, Answer::kRefused, {0.1, 0.2, 0.3, 0.4}), forced})),
              IsNotJudged("no backoff seen"));
  EXPECT_THAT(judged(run_of({waiting(Phase::kRefused, Answer::kRefused, {100, 200}), forced})),
              IsNotJudged("too few retries"));
  EXPECT_THAT(judged(run_of({waiting(Phase::kRefused, Answer::kRefused, {100, 200, 400, 90, 800}), forced})),
              IsNotJudged("varies too much"));
}

TEST(ResetsBackoffRuleTest, IsNotJudgedWithTooFewWaits) {
  EXPECT_THAT(judged(run_of({doubling_control(), self_connecting({100, 100})})),
              IsNotJudged("after two waits"));
}

TEST(ResetsBackoffRuleTest, IsNotJudgedWithoutTheControlOrASelfConnection) {
  EXPECT_THAT(judged(run_of({self_connecting({100, 100, 100})})), IsNotJudged("refused phase was not run"));
  EXPECT_THAT(judged(run_of({doubling_control()})), IsNotJudged("self-connect phase was not run"));
}

}  // namespace
}  // namespace selfconnect
