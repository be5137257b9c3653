// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("leaves-children", run); }

TEST(LeavesChildrenRuleTest, TripsInAnyPhaseAndCounts) {
  const auto outcome = judged(run_of({one_shot_control().left_behind({"worker", "logger"})}));
  EXPECT_THAT(outcome, IsFound("exited with code 1 and left 2 processes running: worker, logger"));
  EXPECT_TRUE(first_finding(outcome).counted);
}

TEST(LeavesChildrenRuleTest, SaysItOnceForAllPhases) {
  const auto left = TraceBuilder(Phase::kBind).exited(0, 1s).left_behind({"worker"});
  const auto outcome = judged(run_of({one_shot_control().left_behind({"worker"}), left}));
  EXPECT_EQ(std::get<Findings>(outcome).size(), 1U);
  EXPECT_EQ(evidence_of<std::string>(first_finding(outcome), "also_in"), "bind");
}

TEST(LeavesChildrenRuleTest, IsClearWhenNothingIsLeft) {
  EXPECT_THAT(judged(run_of({one_shot_control()})), IsClear());
}

TEST(LeavesChildrenRuleTest, IsNotJudgedForATargetThatNeverEnded) {
  EXPECT_THAT(judged(run_of({reconnector_control()})), IsNotJudged("never ended by itself"));
}

}  // namespace
}  // namespace selfconnect
