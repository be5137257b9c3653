// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("crashes", run); }

TraceBuilder self_connected() { return TraceBuilder(Phase::kSelfConnect).self_connected(1ms); }

TEST(CrashesRuleTest, TripsOnASignal) {
  const auto outcome = judged(run_of({one_shot_control(), self_connected().crashed(11, 5ms)}));
  EXPECT_THAT(outcome, IsFound("died of SIGSEGV, 4.00 ms after attempt 1"));
  EXPECT_TRUE(first_finding(outcome).counted);
  EXPECT_FALSE(evidence_of<bool>(first_finding(outcome), "same_in_refused"));
}

TEST(CrashesRuleTest, TripsOnSanitizerReports) {
  for (const char* line :
       {"==7==ERROR: AddressSanitizer: heap-use-after-free", "==7==ERROR: LeakSanitizer: x",
        "WARNING: ThreadSanitizer: data race", "==7==WARNING: MemorySanitizer: use",
        "src/parse.c:12:30: runtime error: signed integer overflow",
        "panic: runtime error: index out of range [3]"}) {
    EXPECT_THAT(judged(run_of({self_connected().err(std::string("hello\n") + line + "\n").exited(1, 5ms)})),
                IsFound(line));
  }
}

TEST(CrashesRuleTest, DoesNotTakeWordsForAReport) {
  for (const char* line :
       {"runtime error: connection refused", "client: runtime error: no", "a:b:c: runtime error: "}) {
    EXPECT_THAT(judged(run_of({self_connected().err(line).exited(1, 5ms)})), IsClear());
  }
}

TEST(CrashesRuleTest, ShowsButDoesNotCountACrashInAControl) {
  const auto outcome = judged(run_of({one_shot_control().crashed(6, 2ms), self_connected().exited(1, 5ms)}));
  ASSERT_THAT(outcome, IsFound("SIGABRT without any self-connection"));
  EXPECT_FALSE(first_finding(outcome).counted);
}

TEST(CrashesRuleTest, SaysThatRefusedCrashesAlike) {
  const auto outcome = judged(run_of({self_connected().crashed(6, 5ms), one_shot_control().crashed(6, 2ms)}));
  ASSERT_THAT(outcome, IsFound("in the same way when the connection is merely refused"));
  EXPECT_TRUE(first_finding(outcome).counted);
}

TEST(CrashesRuleTest, DoesNotCountAForcedCrashWithoutSelfConnection) {
  const auto outcome = judged(run_of({TraceBuilder(Phase::kBind).refused(1ms).crashed(11, 5ms)}));
  ASSERT_THAT(outcome, IsFound("without any self-connection"));
  EXPECT_FALSE(first_finding(outcome).counted);
}

TEST(CrashesRuleTest, IsClearForAnOrderlyEndAndForOurStop) {
  EXPECT_THAT(judged(run_of({self_connected().exited(1, 5ms)})), IsClear());
  EXPECT_THAT(judged(run_of({self_connected().stopped("timeout", 10s)})), IsClear());
}

TEST(CrashesRuleTest, IsNotJudgedWithoutASelfConnection) {
  EXPECT_THAT(judged(run_of({one_shot_control(), TraceBuilder(Phase::kSelfConnect).refused(1ms)})),
              IsNotJudged("never connected to itself"));
}

}  // namespace
}  // namespace selfconnect
