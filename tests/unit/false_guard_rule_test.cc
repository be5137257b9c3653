// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

const Endpoint kElsewhere = {Address::v4({127, 0, 0, 2}), 50000};

RuleOutcome judged(Run run) {
  run.has_host_placeholder = true;
  return judge_by("false-guard", run);
}

TraceBuilder healthy() { return TraceBuilder(Phase::kHealthy).accepted(1ms, "HELLO"); }
// Connected from 127.0.0.1:50000 to 127.0.0.2:50000.
TraceBuilder same_port(const std::string& sent = "") {
  return TraceBuilder(Phase::kSamePort).accepted(1ms, sent, kElsewhere).from(kServer);
}

TEST(FalseGuardRuleTest, TripsWhenAGoodConnectionIsDropped) {
  const auto outcome = judged(run_of({healthy(), same_port().closed(Ending::kReset, 2ms).exited(1, 3ms)}));
  EXPECT_THAT(outcome, IsFound("connected from 127.0.0.1:50000 to 127.0.0.2:50000"));
  EXPECT_TRUE(first_finding(outcome).counted);
  EXPECT_EQ(first_finding(outcome).level, Level::kWarning);
}

TEST(FalseGuardRuleTest, TripsOnTheExitCodeOfATargetThatNeverSends) {
  const auto probe = TraceBuilder(Phase::kHealthy).accepted(1ms).closed(Ending::kFin, 2ms).exited(0, 3ms);
  EXPECT_THAT(judged(run_of({probe, same_port().closed(Ending::kFin, 2ms).exited(1, 3ms)})),
              IsFound("exited with code 1"));
  EXPECT_THAT(judged(run_of({probe, same_port().closed(Ending::kFin, 2ms).exited(0, 3ms)})),
              IsNotJudged("in the same way when the ports differ"));
}

TEST(FalseGuardRuleTest, IsClearWhenTheConnectionIsUsedKeptOrEndedByOthers) {
  EXPECT_THAT(judged(run_of({healthy(), same_port("HELLO").closed(Ending::kFin, 2ms)})), IsClear());
  EXPECT_THAT(judged(run_of({healthy(), same_port()})), IsClear());
  EXPECT_THAT(judged(run_of({healthy(), same_port().closed(Ending::kFin, 2ms, Side::kPeer)})), IsClear());
  EXPECT_THAT(judged(run_of({healthy(), same_port().closed(Ending::kReset, 9s).stopped("decided", 9s)})),
              IsClear());
}

TEST(FalseGuardRuleTest, IsNotJudgedWhenTheQuestionWasNotAsked) {
  EXPECT_THAT(judge_by("false-guard", run_of({healthy(), same_port()})),
              IsNotJudged("the command has no {host}"));
  EXPECT_THAT(judged(run_of({healthy(), TraceBuilder(Phase::kSamePort).accepted(1ms, "", kElsewhere)})),
              IsNotJudged("did not get the same port"));
  EXPECT_THAT(judged(run_of({healthy()})), IsNotJudged("same-port phase was not run"));
  EXPECT_THAT(judged(run_of({same_port()})), IsNotJudged("healthy phase was not run"));
  EXPECT_THAT(judged(run_of({TraceBuilder(Phase::kHealthy).refused(1ms), same_port()})),
              IsNotJudged("no healthy connection"));
}

}  // namespace
}  // namespace selfconnect
