// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("echo-accepted", run); }

TraceBuilder echoed() { return TraceBuilder(Phase::kSelfConnect).self_connected(1ms, "PING\r\n"); }

TEST(EchoAcceptedRuleTest, TripsOnExitZeroThatRefusedDidNotGive) {
  const auto outcome = judged(run_of({one_shot_control(), echoed().out("PING\n").exited(0, 4ms)}));
  EXPECT_THAT(outcome, IsFound("exited with code 0"));
  const Finding& finding = first_finding(outcome);
  EXPECT_EQ(finding.level, Level::kError);
  EXPECT_TRUE(finding.counted);
  EXPECT_EQ(evidence_of<Bytes>(finding, "echoed").data, "PING\r\n");
  EXPECT_EQ(evidence_of<std::string>(finding, "refused_ended"), "exited with code 1");
}

TEST(EchoAcceptedRuleTest, TripsOnThePatternOfAReconnector) {
  auto run =
      run_of({reconnector_control().err("connect: refused\n"), echoed().out("x\r\nready in 3 ms\r\n")});
  run.success_pattern = "^ready in \\d+ ms$";
  EXPECT_THAT(judged(run), IsFound("ready in 3 ms"));
}

TEST(EchoAcceptedRuleTest, FindsThePatternInTheTailAndInALongLine) {
  auto run = run_of({one_shot_control(), echoed().exited(1, 4ms)});
  run.success_pattern = "connected";
  run.traces[1].out = {.head = "x", .tail = std::string(200'000, 'y') + "connected", .total = 300'000};
  EXPECT_THAT(judged(run), IsFound("connected"));
}

TEST(EchoAcceptedRuleTest, DoesNotOverflowOnAGreedyPattern) {
  auto run = run_of({one_shot_control(), echoed().out(std::string(50'000, 'y')).exited(1, 4ms)});
  run.success_pattern = ".*z";
  EXPECT_THAT(judged(run), IsClear());
}

TEST(EchoAcceptedRuleTest, IsClearForAFailure) {
  EXPECT_THAT(judged(run_of({one_shot_control(), echoed().exited(1, 4ms)})), IsClear());
}

TEST(EchoAcceptedRuleTest, IsClearWhenThePatternDoesNotMatch) {
  auto run = run_of({one_shot_control().exited(0, 3ms), echoed().out("failed").exited(0, 4ms)});
  run.success_pattern = "connected";
  EXPECT_THAT(judged(run), IsClear());
}

TEST(EchoAcceptedRuleTest, IsNotJudgedWithoutAMeasureOfSuccess) {
  EXPECT_THAT(judged(run_of({reconnector_control(), echoed()})),
              IsNotJudged("no --success for a reconnector"));
  EXPECT_THAT(judged(run_of({one_shot_control().exited(0, 3ms), echoed().exited(0, 4ms)})),
              IsNotJudged("even when refused"));
  auto run = run_of({one_shot_control().out("connected"), echoed().out("connected").exited(1, 4ms)});
  run.success_pattern = "connected";
  EXPECT_THAT(judged(run), IsNotJudged("also matches when nothing listens"));
}

TEST(EchoAcceptedRuleTest, DoesNotThrowOnABadPattern) {
  auto run = run_of({one_shot_control(), echoed().exited(1, 4ms)});
  run.success_pattern = "(";
  EXPECT_THAT(judged(run), IsNotJudged("no valid regular expression"));
}

TEST(EchoAcceptedRuleTest, IsNotJudgedWithoutTheControlOrASelfConnection) {
  auto run = run_of({echoed().exited(0, 4ms)});
  run.not_run = {{Phase::kRefused, "left out by --phases"}};
  EXPECT_THAT(judged(run), IsNotJudged("refused phase was not run: left out by --phases"));
  EXPECT_THAT(
      judged(run_of({one_shot_control(), TraceBuilder(Phase::kSelfConnect).refused(1ms).exited(0, 2ms)})),
      IsNotJudged("never connected to itself"));
  EXPECT_THAT(judged(run_of({one_shot_control()})), IsNotJudged("self-connect phase was not run"));
  EXPECT_THAT(judged(run_of({one_shot_control().stopped("interrupted", 1ms), echoed().exited(0, 4ms)})),
              IsNotJudged("interrupted"));
}

}  // namespace
}  // namespace selfconnect
