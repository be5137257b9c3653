// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("leaves-time-wait", run); }

TraceBuilder fin_closed(Instant at) {
  return TraceBuilder(Phase::kBind).self_connected(1ms).closed(Ending::kFin, at).unforced(5ms);
}

TEST(LeavesTimeWaitRuleTest, TripsOnAFinOfTheTarget) {
  const auto outcome = judged(run_of({fin_closed(2ms).bind_blocked(20ms, 0)}));
  EXPECT_THAT(outcome, IsFound("keeps the port in TIME_WAIT for a minute"));
  EXPECT_EQ(first_finding(outcome).level, Level::kWarning);
  EXPECT_EQ(evidence_of<std::string>(first_finding(outcome), "socket"),
            "TIME-WAIT 0 0 127.0.0.1:50000 127.0.0.1:50000");
}

TEST(LeavesTimeWaitRuleTest, TripsOnAOneShotThatEnded) {
  EXPECT_THAT(judged(run_of({fin_closed(2ms).exited(0, 2ms).bind_blocked(20ms, 0, false)})),
              IsFound("TIME_WAIT"));
}

// Where the bind phase could not be forced any more.
TEST(LeavesTimeWaitRuleTest, TripsOnATryInTheSelfConnectPhase) {
  auto trace = fin_closed(2ms).bind_blocked(20ms, 0);
  trace.trace().phase = Phase::kSelfConnect;
  EXPECT_THAT(judged(run_of({trace})), IsFound("TIME_WAIT"));
  EXPECT_THAT(judge_by("holds-port", run_of({trace})), IsNotJudged("the bind phase was not run"));
}

TEST(LeavesTimeWaitRuleTest, IsNotJudgedForACloseThatFollowsOurSignal) {
  EXPECT_THAT(judged(run_of({fin_closed(3s).stopped("decided", 3s).bind_blocked(3100ms, 0, false)})),
              IsNotJudged("before the harness stopped it"));
}

TEST(LeavesTimeWaitRuleTest, IsClearForAResetAndForReuseAddressOfTheClient) {
  EXPECT_THAT(
      judged(run_of(
          {TraceBuilder(Phase::kBind).self_connected(1ms).closed(Ending::kReset, 2ms).bind_works(20ms)})),
      IsClear());
  EXPECT_THAT(judged(run_of({fin_closed(2ms).bind_works(20ms)})), IsClear());
}

TEST(LeavesTimeWaitRuleTest, IgnoresTriesWithoutReuseAddress) {
  auto trace = fin_closed(2ms).bind_blocked(20ms, 0);
  trace.trace().bind_tries.back().reuse_address = false;
  EXPECT_THAT(judged(run_of({trace})), IsNotJudged("no bind was tried"));
  EXPECT_THAT(judged(run_of({trace.bind_works(30ms)})), IsClear());
}

TEST(LeavesTimeWaitRuleTest, IsNotJudgedWithoutPhaseOrSelfConnection) {
  EXPECT_THAT(judged(run_of({})), IsNotJudged("bind phase was not run"));
  EXPECT_THAT(judged(run_of({TraceBuilder(Phase::kBind).refused(1ms).bind_works(2ms)})),
              IsNotJudged("never connected to itself"));
}

}  // namespace
}  // namespace selfconnect
