// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("never-recovers", run); }

// Lets go of its self-connection at once; retries seen so far: every 500 ms.
TraceBuilder let_go() {
  return TraceBuilder(Phase::kRecover)
      .self_connected(1ms)
      .closed(Ending::kReset, 2ms)
      .refused(501ms)
      .unforced(600ms)
      .server(ServerEvent::What::kListening, 700ms);
}

TEST(NeverRecoversRuleTest, TripsWhenNoAttemptComesInTheWindow) {
  const auto outcome = judged(run_of({reconnector_control(), let_go().stopped("timeout", 3200ms)}));
  EXPECT_THAT(outcome, IsFound("had not reached it 2.5 s later (0 attempts"));
  EXPECT_DOUBLE_EQ(evidence_of<double>(first_finding(outcome), "window_ms"), 2500);
}

TEST(NeverRecoversRuleTest, TripsWhenAttemptsGoElsewhere) {
  auto trace = let_go().accepted(800ms, "", kOtherServer).stopped("timeout", 9s);
  EXPECT_THAT(judged(run_of({reconnector_control(), trace})), IsFound("had not reached it"));
}

TEST(NeverRecoversRuleTest, TripsWhenAReconnectorGaveUp) {
  EXPECT_THAT(judged(run_of({reconnector_control(), let_go().exited(3, 650ms)})),
              IsFound("gave up: it exited with code 3"));
}

TEST(NeverRecoversRuleTest, IsClearWhenTheServerIsReachedLateOrWasRefusedBefore) {
  EXPECT_THAT(judged(run_of({reconnector_control(), let_go().accepted(1001ms).stopped("decided", 1100ms)})),
              IsClear());
}

TEST(NeverRecoversRuleTest, IsNotJudgedWhenWatchedForLessThanTheWindow) {
  EXPECT_THAT(judged(run_of({reconnector_control(), let_go().stopped("timeout", 3199ms)})),
              IsNotJudged("--timeout 4s"));
}

TEST(NeverRecoversRuleTest, LeavesOtherRulesTheirCases) {
  EXPECT_THAT(judged(run_of({reconnector_control(), let_go().crashed(11, 650ms)})),
              IsNotJudged("see crashes"));
  EXPECT_THAT(judged(run_of({reconnector_control(), let_go().exited(0, 650ms)})),
              IsNotJudged("see echo-accepted"));
  EXPECT_THAT(judged(run_of({reconnector_control(), let_go().exited(0, 650ms).left_behind({"daemon"})})),
              IsNotJudged("in the foreground"));
  const auto held =
      TraceBuilder(Phase::kRecover).self_connected(1ms).server(ServerEvent::What::kBindBlocked, 1s);
  EXPECT_THAT(judged(run_of({reconnector_control(), held})), IsNotJudged("see holds-port"));
}

TEST(NeverRecoversRuleTest, IsNotJudgedWhenTheServerWasNotThere) {
  EXPECT_THAT(judged(run_of({reconnector_control(), TraceBuilder(Phase::kRecover).self_connected(1ms)})),
              IsNotJudged("never came to listen"));
  EXPECT_THAT(judged(run_of({reconnector_control(),
                             let_go().server(ServerEvent::What::kEnded, 1s).stopped("timeout", 9s)})),
              IsNotJudged("the server ended"));
}

TEST(NeverRecoversRuleTest, IsNotJudgedForOneShotsAndUnknownKinds) {
  EXPECT_THAT(judged(run_of({one_shot_control(), let_go()})), IsNotJudged("one-shot: it ended by itself"));
  EXPECT_THAT(judged(run_of({let_go()})), IsNotJudged("refused phase was not run"));
  EXPECT_THAT(judged(run_of({TraceBuilder(Phase::kRefused).stopped("interrupted", 9s)})),
              IsNotJudged("refused phase was interrupted"));
  auto run = run_of({let_go().stopped("timeout", 9s)});
  run.kind = Kind::kReconnector;
  EXPECT_THAT(judged(run), IsFound("had not reached it"));
}

TEST(NeverRecoversRuleTest, IsNotJudgedWithoutPhaseOrSelfConnectionOrWhenInterrupted) {
  EXPECT_THAT(judged(run_of({reconnector_control()})), IsNotJudged("recover phase was not run"));
  EXPECT_THAT(judged(run_of({reconnector_control(), TraceBuilder(Phase::kRecover).refused(1ms)})),
              IsNotJudged("never connected to itself"));
  EXPECT_THAT(judged(run_of({reconnector_control(), let_go().stopped("interrupted", 9s)})),
              IsNotJudged("interrupted"));
}

}  // namespace
}  // namespace selfconnect
