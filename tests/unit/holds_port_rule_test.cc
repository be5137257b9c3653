// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("holds-port", run); }

TraceBuilder held() { return TraceBuilder(Phase::kBind).self_connected(1ms).unforced(10ms); }

TEST(HoldsPortRuleTest, TripsWhenTheSameSocketBlocksForASecond) {
  const auto outcome =
      judged(run_of({held().bind_blocked(20ms, 77).bind_blocked(500ms, 77).bind_blocked(1020ms, 77)}));
  EXPECT_THAT(outcome, IsFound("held port 50000: for 1.0 s"));
  EXPECT_EQ(evidence_of<std::int64_t>(first_finding(outcome), "tries"), 3);
  EXPECT_EQ(evidence_of<std::string>(first_finding(outcome), "socket"),
            "ESTAB 0 0 127.0.0.1:50000 127.0.0.1:50000 ino:77");
}

TEST(HoldsPortRuleTest, TripsInRecoverToo) {
  auto trace = TraceBuilder(Phase::kRecover).self_connected(1ms).unforced(10ms);
  EXPECT_THAT(judged(run_of({trace.bind_blocked(20ms, 77).bind_blocked(2s, 77)})), IsFound("for 2.0 s"));
}

TEST(HoldsPortRuleTest, IsNotJudgedJustBelowASecond) {
  EXPECT_THAT(judged(run_of({held().bind_blocked(20ms, 77).bind_blocked(1019ms, 77)})),
              IsNotJudged("still held at the last try"));
  EXPECT_THAT(judged(run_of({held().bind_blocked(20ms, 77)})), IsNotJudged("still held at the last try"));
}

TEST(HoldsPortRuleTest, IsClearForAGuardCaughtBetweenConnectAndClose) {
  EXPECT_THAT(judged(run_of({held().bind_blocked(20ms, 77).bind_works(70ms)})), IsClear());
  EXPECT_THAT(judged(run_of({held().bind_blocked(20ms, 77).bind_blocked(2s, 78).bind_works(3s)})), IsClear());
  EXPECT_THAT(judged(run_of(
                  {held().bind_blocked(20ms, 77).bind_works(500ms).bind_blocked(1500ms, 77).bind_works(2s)})),
              IsClear());
}

TEST(HoldsPortRuleTest, LeavesTimeWaitAndTheDeadToOthers) {
  EXPECT_THAT(judged(run_of({held().bind_blocked(20ms, 0).bind_blocked(2s, 0)})), IsClear());
  EXPECT_THAT(judged(run_of({held().bind_blocked(20ms, 77, false).bind_blocked(2s, 77, false)})), IsClear());
}

TEST(HoldsPortRuleTest, IsClearForAOneShotThatEndedBeforeForcingWasOff) {
  EXPECT_THAT(judged(run_of({TraceBuilder(Phase::kBind).self_connected(1ms).bind_blocked(20ms, 0, false)})),
              IsClear());
}

TEST(HoldsPortRuleTest, CountsNothingWhileForced) {
  EXPECT_THAT(judged(run_of({TraceBuilder(Phase::kBind)
                                 .self_connected(1ms)
                                 .unforced(3s)
                                 .bind_blocked(20ms, 77)
                                 .bind_blocked(2s, 77)
                                 .bind_works(3500ms)})),
              IsClear());
  EXPECT_THAT(
      judged(run_of(
          {TraceBuilder(Phase::kBind).self_connected(1ms).bind_blocked(20ms, 77).bind_blocked(2s, 77)})),
      IsNotJudged("forcing was not taken off"));
}

TEST(HoldsPortRuleTest, IgnoresAnotherConnectionFromThatPort) {
  auto trace = held().bind_blocked(20ms, 77).bind_blocked(2s, 77).bind_works(3s);
  for (BindTry& attempt : trace.trace().bind_tries) {
    if (attempt.blocker) attempt.blocker->remote = kOtherServer;
  }
  EXPECT_THAT(judged(run_of({trace})), IsClear());
}

TEST(HoldsPortRuleTest, IsNotJudgedWithoutPhaseSelfConnectionOrTries) {
  EXPECT_THAT(judged(run_of({})), IsNotJudged("bind phase was not run"));
  EXPECT_THAT(judged(run_of({TraceBuilder(Phase::kBind).refused(1ms)})), IsNotJudged("never connected"));
  EXPECT_THAT(judged(run_of({held()})), IsNotJudged("no bind was tried"));
}

}  // namespace
}  // namespace selfconnect
