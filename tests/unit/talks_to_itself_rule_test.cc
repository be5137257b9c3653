// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("talks-to-itself", run); }

TEST(TalksToItselfRuleTest, TripsOnPayloadAndShowsTheFirstBytes) {
  const std::string request(100, 'x');
  const auto outcome = judged(run_of({TraceBuilder(Phase::kSelfConnect)
                                          .self_connected(1ms)
                                          .self_connected(2ms, request)
                                          .self_connected(3ms, request)}));
  EXPECT_THAT(outcome, IsFound("wrote 200 bytes to itself over 2 self-connections, the first 0.95 ms after"));
  const Finding& finding = first_finding(outcome);
  EXPECT_EQ(finding.level, Level::kWarning);
  EXPECT_EQ(evidence_of<Bytes>(finding, "sent"), (Bytes{std::string(64, 'x'), 100}));
  EXPECT_EQ(evidence_of<std::int64_t>(finding, "connections"), 2);
}

TEST(TalksToItselfRuleTest, KeepsDestinationsApart) {
  auto other = TraceBuilder(Phase::kSelfConnect).self_connected(1ms, "b", kOtherServer);
  other.trace().destination = kOtherServer;
  const auto outcome = judged(run_of({TraceBuilder(Phase::kSelfConnect).self_connected(1ms, "a"), other,
                                      TraceBuilder(Phase::kBind).self_connected(1ms, "a")}));
  EXPECT_EQ(std::get<Findings>(outcome).size(), 2U);
}

TEST(TalksToItselfRuleTest, IsNotJudgedWherePayloadIsNotSeen) {
  auto unseen = TraceBuilder(Phase::kSelfConnect).self_connected(1ms);
  unseen.trace().attempts_from = AttemptsFrom::kCalls;
  const auto outcome = judged(run_of({unseen}));
  EXPECT_EQ(std::get<NotJudged>(outcome).reason, "no packets can be captured here");
}

TEST(TalksToItselfRuleTest, DoesNotCountAControl) {
  const auto outcome = judged(run_of({TraceBuilder(Phase::kHealthy).self_connected(1ms, "a")}));
  EXPECT_FALSE(first_finding(outcome).counted);
}

TEST(TalksToItselfRuleTest, IsClearForASilentSelfConnectionAndForTalkingToAServer) {
  EXPECT_THAT(judged(run_of({TraceBuilder(Phase::kSelfConnect).self_connected(1ms),
                             TraceBuilder(Phase::kRecover).accepted(1ms, "PING")})),
              IsClear());
}

TEST(TalksToItselfRuleTest, IsNotJudgedWithoutASelfConnection) {
  EXPECT_THAT(judged(run_of({TraceBuilder(Phase::kSelfConnect).refused(1ms)})),
              IsNotJudged("never connected"));
}

}  // namespace
}  // namespace selfconnect
