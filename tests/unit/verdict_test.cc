// SPDX-License-Identifier: MIT
#include "harness/judge/verdict.h"

#include <set>

#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

// A whole run of a correct one-shot, and one that takes its echo for success and writes to itself.
Run good_run() {
  return run_of(
      {one_shot_control(),
       TraceBuilder(Phase::kSelfConnect).self_connected(1ms).closed(Ending::kReset, 2ms).exited(1, 3ms)});
}
Run bad_run() {
  return run_of(
      {one_shot_control(), TraceBuilder(Phase::kSelfConnect).self_connected(1ms, "PING").exited(0, 3ms)});
}
// Warnings only: it writes to itself, and fails.
Run talking_run() {
  return run_of(
      {one_shot_control(), TraceBuilder(Phase::kSelfConnect).self_connected(1ms, "PING").exited(1, 3ms)});
}

TEST(VerdictTest, PassesAGoodRunAndReportsEveryRule) {
  const Judgement judgement = judge(good_run(), {});
  EXPECT_EQ(judgement.verdict, Verdict::kPass);
  EXPECT_EQ(judgement.reason, "");
  EXPECT_TRUE(judgement.findings.empty());
  ASSERT_EQ(judgement.rules.size(), all_rules().size());
  for (std::size_t i = 0; i < judgement.rules.size(); ++i)
    EXPECT_EQ(judgement.rules[i].rule, &all_rules()[i]);
}

TEST(VerdictTest, FailsOnAnError) {
  const Judgement judgement = judge(bad_run(), {});
  EXPECT_EQ(judgement.verdict, Verdict::kFail);
  ASSERT_EQ(judgement.findings.size(), 2U);
  EXPECT_EQ(judgement.findings[0].rule, "echo-accepted");
  EXPECT_EQ(judgement.findings[1].rule, "talks-to-itself");
}

TEST(VerdictTest, FailsOnAWarningOnlyWhenAsked) {
  EXPECT_EQ(judge(talking_run(), {}).verdict, Verdict::kPass);
  EXPECT_EQ(judge(talking_run(), {.fail_on = FailOn::kWarning}).verdict, Verdict::kFail);
  EXPECT_EQ(judge(bad_run(), {.fail_on = FailOn::kNever}).verdict, Verdict::kPass);
}

TEST(VerdictTest, DoesNotFailOnAnUncountedFinding) {
  auto run = good_run();
  run.traces[0].ended = {Ended::How::kSignal, 11, 3ms, ""};
  const Judgement judgement = judge(run, {});
  EXPECT_EQ(judgement.verdict, Verdict::kPass);
  ASSERT_EQ(judgement.findings.size(), 1U);
  EXPECT_FALSE(judgement.findings[0].counted);
}

TEST(VerdictTest, SkipsWhenARequiredRuleWasNotJudged) {
  const Judgement judgement = judge(good_run(), {.required = {"hangs", "secret-echoed"}});
  EXPECT_EQ(judgement.verdict, Verdict::kSkip);
  EXPECT_EQ(judgement.reason, "secret-echoed is required and was not judged: no --secret given");
  EXPECT_EQ(judge(good_run(), {.required = {"hangs"}}).verdict, Verdict::kPass);
  EXPECT_EQ(judge(good_run(), {.required = {"no-such"}}).verdict, Verdict::kSkip);
}

TEST(VerdictTest, LetsAFailureOutrankARequirement) {
  const Judgement judgement = judge(bad_run(), {.required = {"secret-echoed"}});
  EXPECT_EQ(judgement.verdict, Verdict::kFail);
  EXPECT_EQ(judgement.reason, "");
}

TEST(VerdictTest, OrdersErrorsFirstThenCountedThenByPhase) {
  auto run = bad_run();
  run.traces.insert(run.traces.begin(), TraceBuilder(Phase::kHealthy).accepted(1ms).crashed(6, 2ms));
  run.traces.push_back(TraceBuilder(Phase::kRecover).self_connected(1ms).crashed(11, 2ms));
  std::vector<std::string> order;
  for (const Finding& finding : judge(run, {}).findings) {
    order.push_back(finding.rule + " " + std::string(phase_name(finding.phase)));
  }
  EXPECT_THAT(order, testing::ElementsAre("echo-accepted self-connect", "crashes recover", "crashes healthy",
                                          "talks-to-itself self-connect"));
}

TEST(VerdictTest, NotJudgedGivesEveryRuleTheReason) {
  const Judgement judgement = not_judged(Verdict::kSkip, "no namespaces here");
  EXPECT_EQ(judgement.verdict, Verdict::kSkip);
  EXPECT_EQ(judgement.reason, "no namespaces here");
  ASSERT_EQ(judgement.rules.size(), all_rules().size());
  EXPECT_THAT(judgement.rules.front().outcome, IsNotJudged("no namespaces here"));
}

TEST(VerdictTest, AnEmptyRunConvictsNobody) {
  const Judgement judgement = judge(run_of({}), {});
  for (const RuleReport& report : judgement.rules) {
    EXPECT_TRUE(std::holds_alternative<NotJudged>(report.outcome)) << report.rule->id;
  }
}

}  // namespace
}  // namespace selfconnect
