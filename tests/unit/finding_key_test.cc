// What makes two findings one.
// SPDX-License-Identifier: MIT
#include "harness/campaign/finding_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace selfconnect {
namespace {

using ::testing::MatchesRegex;

constexpr std::string_view kReport =
    "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010\n"
    "    #0 0x55d0 in parse_reply /src/client.c:12:3\n"
    "SUMMARY: AddressSanitizer: heap-use-after-free /src/client.c:12:3 in parse_reply\n"
    "==7==ABORTING\n";

Run run_that_ended(Ended ended, std::string err = {}) {
  Trace trace;
  trace.phase = Phase::kSchedule;
  trace.ended = std::move(ended);
  trace.err.head = std::move(err);
  Run run;
  run.traces = {trace};
  return run;
}

Run exited(int code) { return run_that_ended({Ended::How::kExit, code, {}, ""}); }

Finding finding_of(std::string rule, Evidence evidence) {
  return {.rule = std::move(rule),
          .level = Level::kError,
          .phase = Phase::kSchedule,
          .destination = {},
          .message = "the target did it",
          .evidence = std::move(evidence),
          .counted = true};
}

TEST(FindingKeyTest, IsTheSameForOtherAttemptsTimesAndPorts) {
  const Finding one =
      finding_of("leaks-fds", {{"event", "self"}, {"attempt", std::int64_t{3}}, {"idle_ms", 1.5}});
  const Finding other =
      finding_of("leaks-fds", {{"event", "self"}, {"attempt", std::int64_t{9}}, {"idle_ms", 7.0}});
  EXPECT_EQ(key_of(one, exited(0)), key_of(other, exited(1)));
}

TEST(FindingKeyTest, TellsRulesAndEventsApart) {
  const FindingKey self = key_of(finding_of("hangs", {{"event", "self"}}), exited(0));
  const FindingKey reset = key_of(finding_of("hangs", {{"event", "reset"}}), exited(0));
  const FindingKey other = key_of(finding_of("leaks-fds", {{"event", "self"}}), exited(0));
  EXPECT_EQ(self.text, "hangs event=self");
  EXPECT_NE(self.name(), reset.name());
  EXPECT_NE(self.name(), other.name());
}

TEST(FindingKeyTest, TellsEndsApartWhereTheRuleIsAboutTheEnd) {
  const Finding finding = finding_of("never-recovers", {{"event", "self"}});
  EXPECT_EQ(key_of(finding, exited(3)).text, "never-recovers event=self ended=exit 3");
  EXPECT_NE(key_of(finding, exited(3)), key_of(finding, exited(4)));
}

TEST(FindingKeyTest, AQuickRunAndAWholeOneGiveOneKey) {
  const Finding finding = finding_of("never-recovers", {{"event", "self"}});
  EXPECT_EQ(key_of(finding, run_that_ended({Ended::How::kStopped, 0, {}, "blocked"})),
            key_of(finding, run_that_ended({Ended::How::kStopped, 0, {}, "timeout"})));
}

TEST(FindingKeyTest, OnlyAnEndByItselfIsAnEndOfItsOwn) {
  EXPECT_EQ(own_end({Ended::How::kExit, 3, {}, ""}), "exit 3");
  EXPECT_EQ(own_end({Ended::How::kSignal, 6, {}, ""}), "signal 6");
  EXPECT_EQ(own_end({Ended::How::kStopped, 0, {}, "timeout"}), std::nullopt);
}

TEST(FindingKeyTest, TellsFaultsApartByTheSanitizersFrame) {
  const Finding finding = finding_of("crashes", {{"event", "reset"}, {"signal_name", "SIGABRT"}});
  const selfconnect::Run run = run_that_ended({Ended::How::kSignal, 6, {}, ""}, std::string(kReport));
  EXPECT_EQ(
      key_of(finding, run).text,
      "crashes event=reset signal_name=SIGABRT ended=signal 6 fault=heap-use-after-free in parse_reply");
}

TEST(FindingKeyTest, NamesADirectory) {
  EXPECT_THAT(key_of(finding_of("crashes", {{"event", "half-close"}}), exited(0)).name(),
              MatchesRegex("crashes-half-close-[0-9a-f]{8}"));
  EXPECT_THAT(key_of(finding_of("crashes", {{"event", "../../x y"}}), exited(0)).name(),
              MatchesRegex("crashes-[-a-z]+-[0-9a-f]{8}"));
}

TEST(FindingKeyTest, ReadsASanitizersLastLine) {
  EXPECT_EQ(sanitizer_fault(kReport), "heap-use-after-free in parse_reply");
  EXPECT_EQ(sanitizer_fault("SUMMARY: UndefinedBehaviorSanitizer: undefined-behavior c.c:1:2"),
            "undefined-behavior");
  EXPECT_EQ(sanitizer_fault("SUMMARY: AddressSanitizer: SEGV (/bin/c+0x12) (BuildId: ab) in main"),
            "SEGV in main");
  EXPECT_EQ(sanitizer_fault("connection refused"), "");
  EXPECT_EQ(sanitizer_fault("SUMMARY: "), "");
}

}  // namespace
}  // namespace selfconnect
