// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("hangs", run); }

TraceBuilder silent() { return TraceBuilder(Phase::kSelfConnect).self_connected(10ms); }

TEST(HangsRuleTest, TripsOnAOneShotThatWaitsForEver) {
  const auto outcome = judged(run_of({one_shot_control(), silent().stopped("timeout", 10s)}));
  EXPECT_THAT(outcome, IsFound("did nothing for 10.0 s"));
  EXPECT_EQ(evidence_of<std::string>(first_finding(outcome), "connection"), "open");
}

TEST(HangsRuleTest, TripsOnAOneShotThatClosedAndStayed) {
  EXPECT_THAT(judged(run_of({one_shot_control(), silent().closed(Ending::kReset, 11ms)})),
              IsFound("though it had closed that connection"));
}

TEST(HangsRuleTest, TripsOnAReconnectorThatNoLongerTries) {
  EXPECT_THAT(judged(run_of({reconnector_control(), silent().stopped("timeout", 2510ms)})),
              IsFound("tries again"));
}

TEST(HangsRuleTest, IsNotJudgedBeforeTheWindowIsOver) {
  EXPECT_THAT(judged(run_of({reconnector_control(), silent().stopped("timeout", 2509ms)})),
              IsNotJudged("--timeout 3s"));
  const auto slow_one_shot = TraceBuilder(Phase::kRefused).refused(1ms).exited(1, 5s);
  EXPECT_THAT(judged(run_of({slow_one_shot, silent()})), IsNotJudged("--timeout 17s"));
}

TEST(HangsRuleTest, IsClearWhenTheTargetGoesOn) {
  EXPECT_THAT(judged(run_of({one_shot_control(), silent().exited(1, 9s)})), IsClear());
  EXPECT_THAT(judged(run_of({one_shot_control(), silent().crashed(11, 9s)})), IsClear());
  EXPECT_THAT(judged(run_of({reconnector_control(), silent().stopped("decided", 600ms)})), IsClear());
  EXPECT_THAT(judged(run_of({reconnector_control(), silent().refused(510ms, kOtherServer)})), IsClear());
}

// Its long wait may be its way with a self-connection, which never-recovers knows to tell apart.
TEST(HangsRuleTest, IsNotJudgedOfAReconnectorWithoutPacketsAndWithoutRecover) {
  auto unseen = silent().stopped("timeout", 10s);
  unseen.trace().attempts_from = AttemptsFrom::kCalls;
  EXPECT_THAT(judged(run_of({reconnector_control(), unseen})), IsNotJudged("the recover phase was not run"));
  EXPECT_THAT(judged(run_of({one_shot_control(), unseen})), IsFound("did nothing"));
}

TEST(HangsRuleTest, IsNotJudgedWhenInterrupted) {
  EXPECT_THAT(judged(run_of({one_shot_control(), silent().stopped("interrupted", 9s)})),
              IsNotJudged("interrupted"));
}

TEST(HangsRuleTest, LeavesALetGoReconnectorToNeverRecovers) {
  const auto recover =
      TraceBuilder(Phase::kRecover).self_connected(1ms).server(ServerEvent::What::kListening, 100ms);
  const auto let_go = silent().closed(Ending::kReset, 11ms);
  EXPECT_THAT(judged(run_of({reconnector_control(), let_go, recover})), IsNotJudged("see never-recovers"));
  EXPECT_THAT(judged(run_of({reconnector_control(), let_go})), IsFound("though it had closed"));
  EXPECT_THAT(judged(run_of({reconnector_control(), silent(), recover})),
              IsFound("waits on that connection"));
}

TEST(HangsRuleTest, IsNotJudgedWithoutTheControlOrASelfConnection) {
  EXPECT_THAT(judged(run_of({silent()})), IsNotJudged("refused phase was not run"));
  EXPECT_THAT(judged(run_of({one_shot_control(), TraceBuilder(Phase::kSelfConnect).refused(1ms)})),
              IsNotJudged("never connected to itself"));
}

}  // namespace
}  // namespace selfconnect
