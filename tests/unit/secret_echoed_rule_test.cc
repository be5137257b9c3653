// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(Run run) {
  run.secret_count = 2;
  return judge_by("secret-echoed", run);
}

TEST(SecretEchoedRuleTest, TripsOnASecretAndNamesItByNumberOnly) {
  const auto outcome = judged(run_of(
      {TraceBuilder(Phase::kSelfConnect).self_connected(1ms, "AUTH ******\r\n").secret(1, "base64", 5)}));
  EXPECT_THAT(outcome, IsFound("secret number 2 (of --secret) as base64"));
  EXPECT_EQ(evidence_of<std::int64_t>(first_finding(outcome), "secret"), 2);
  EXPECT_EQ(evidence_of<std::int64_t>(first_finding(outcome), "stream_offset"), 5);
}

TEST(SecretEchoedRuleTest, GivesOneFindingPerSecretAndNamesTheOtherPhases) {
  const auto self = TraceBuilder(Phase::kSelfConnect)
                        .self_connected(1ms, "A")
                        .secret(0, "plain", 5)
                        .secret(1, "plain", 9)
                        .self_connected(2ms, "A")
                        .secret(0, "plain", 5);
  const auto bind = TraceBuilder(Phase::kBind).self_connected(1ms, "A").secret(0, "plain", 5);
  const auto recover = TraceBuilder(Phase::kRecover).self_connected(1ms, "A").secret(0, "plain", 5);
  const auto outcome = judged(run_of({self, bind, recover}));
  ASSERT_THAT(outcome, IsFound("in plain text"));
  ASSERT_EQ(std::get<Findings>(outcome).size(), 2U);
  EXPECT_EQ(evidence_of<std::string>(first_finding(outcome), "also_in"), "bind, recover");
}

TEST(SecretEchoedRuleTest, DoesNotCountWhatAControlShows) {
  const auto outcome =
      judged(run_of({TraceBuilder(Phase::kRefused).self_connected(1ms, "A").secret(0, "plain", 0)}));
  ASSERT_THAT(outcome, IsFound("secret number 1"));
  EXPECT_FALSE(first_finding(outcome).counted);
}

TEST(SecretEchoedRuleTest, IsClearForOtherBytes) {
  EXPECT_THAT(judged(run_of({TraceBuilder(Phase::kSelfConnect).self_connected(1ms, "PING")})), IsClear());
}

TEST(SecretEchoedRuleTest, LooksOnlyAtSelfConnections) {
  EXPECT_THAT(judged(run_of({TraceBuilder(Phase::kSelfConnect).self_connected(1ms),
                             TraceBuilder(Phase::kHealthy).accepted(1ms, "A").secret(0, "plain", 0)})),
              IsClear());
}

TEST(SecretEchoedRuleTest, IsNotJudgedWithoutASecretOrASelfConnection) {
  EXPECT_THAT(judge_by("secret-echoed", run_of({TraceBuilder(Phase::kSelfConnect).self_connected(1ms)})),
              IsNotJudged("no --secret given"));
  EXPECT_THAT(judged(run_of({TraceBuilder(Phase::kSelfConnect).refused(1ms)})),
              IsNotJudged("never connected"));
}

}  // namespace
}  // namespace selfconnect
