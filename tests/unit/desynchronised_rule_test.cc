// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("desynchronised", run); }

TraceBuilder healthy(const std::string& sent) { return TraceBuilder(Phase::kHealthy).accepted(1ms, sent); }
TraceBuilder recovered(const std::string& self_sent, const std::string& sent) {
  return TraceBuilder(Phase::kRecover)
      .self_connected(1ms, self_sent)
      .accepted(2s, sent)
      .accepted(3s, "HELLO\n");
}
// Three healthy connections that share "HELLO\nNAME ".
Run run_with(TraceBuilder recover) {
  return run_of({recover, healthy("HELLO\nNAME a"), healthy("HELLO\nNAME b"), healthy("HELLO\nNAME c")});
}

TEST(DesynchronisedRuleTest, TripsOnLeftOverBytes) {
  const auto outcome = judged(run_with(recovered("HELLO\nNAME a\nPART", "PARTHELLO\nNAME a")));
  EXPECT_THAT(outcome, IsFound("4 bytes that it had written to itself before come first"));
  EXPECT_EQ(evidence_of<std::int64_t>(first_finding(outcome), "left_over_bytes"), 4);
  EXPECT_EQ(evidence_of<Bytes>(first_finding(outcome), "healthy").data, "HELLO\nNAME ");
}

TEST(DesynchronisedRuleTest, TripsOnARepeatedGreeting) {
  EXPECT_THAT(judged(run_with(recovered("HELLO\n", "HELLO\nHELLO\nNAME a"))), IsFound("6 bytes"));
}

TEST(DesynchronisedRuleTest, TripsOnAMissingStart) {
  EXPECT_THAT(judged(run_with(recovered("HELLO\nNAME a", "NAME a"))),
              IsFound("begins with bytes that it had"));
  EXPECT_THAT(judged(run_with(recovered("HELLO\n", "QUIT\n"))), IsFound("differs from byte 0 on"));
}

TEST(DesynchronisedRuleTest, IsClearForTheSameStartOrAShorterOne) {
  EXPECT_THAT(judged(run_with(recovered("HELLO\n", "HELLO\nNAME z, and more"))), IsClear());
  EXPECT_THAT(judged(run_with(recovered("HELLO\n", "HEL"))), IsClear());
}

TEST(DesynchronisedRuleTest, DoesNotConvictCountersAndTimes) {
  const auto run =
      run_of({recovered("SEQ 1\n", "SEQ 7\n"), healthy("SEQ 1\n"), healthy("SEQ 1\n"), healthy("SEQ 1\n")});
  EXPECT_THAT(judged(run), IsNotJudged("as counters and times do"));
  EXPECT_THAT(
      judged(run_of({recovered("x1", "x2yz"), healthy("x1yzuvw"), healthy("x1yzuvw"), healthy("x1yzuvw")})),
      IsNotJudged("as counters and times do"));
}

TEST(DesynchronisedRuleTest, IsNotJudgedWithoutASharedStart) {
  const auto recover = recovered("HELLO", "HELLO");
  EXPECT_THAT(judged(run_of({recover, healthy("a"), healthy("b"), healthy("c")})),
              IsNotJudged("do not start alike"));
  EXPECT_THAT(judged(run_of({recover, healthy("HELLO"), healthy(""), healthy("HELLO")})),
              IsNotJudged("do not start alike"));
  EXPECT_THAT(judged(run_of({recover, healthy("HELLO"), healthy("HELLO")})),
              IsNotJudged("2 healthy connections"));
  EXPECT_THAT(judged(run_of({recover})), IsNotJudged("healthy phase was not run"));
}

TEST(DesynchronisedRuleTest, IsNotJudgedWithoutARecoveredConversation) {
  EXPECT_THAT(judged(run_with(TraceBuilder(Phase::kRecover).self_connected(1ms, "HELLO").refused(2s))),
              IsNotJudged("no recovered connection"));
  EXPECT_THAT(judged(run_with(TraceBuilder(Phase::kRecover).accepted(1ms, "HE").self_connected(2s))),
              IsNotJudged("no recovered connection"));
  EXPECT_THAT(judged(run_with(TraceBuilder(Phase::kRecover).self_connected(1ms).accepted(2s))),
              IsNotJudged("sent nothing"));
  EXPECT_THAT(judged(run_with(TraceBuilder(Phase::kRecover).refused(1ms))), IsNotJudged("never connected"));
  EXPECT_THAT(judged(run_of({})), IsNotJudged("recover phase was not run"));
}

}  // namespace
}  // namespace selfconnect
