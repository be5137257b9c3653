// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "harness/report/phase_table.h"
#include "harness/report/schedule_text.h"
#include "tests/unit/report_samples.h"

namespace selfconnect {
namespace {

using testing::HasSubstr;
using testing::Not;

// A run whose schedule is one `self` after `refusals` refusals, and which then was served.
Run long_run(std::uint32_t refusals) {
  Run run;
  Trace trace = {.phase = Phase::kSchedule};
  const Event refuse = {.kind = EventKind::kRefuse, .amount = 0, .steps = {}};
  const Event reset = {.kind = EventKind::kReset, .amount = 0, .steps = {}};
  for (std::uint32_t i = 0; i < refusals; ++i) {
    trace.schedule.entries.push_back({.event = i % 2 == 0 ? refuse : reset, .count = 1});
  }
  for (std::uint64_t number = 1; number <= refusals + 1; ++number) {
    trace.scheduled.push_back(
        {.number = number, .destination = samples::loopback(), .event = event_of(trace.schedule, number)});
  }
  run.traces = {trace};
  return run;
}

Finding finding_at(std::int64_t attempt) {
  return {.rule = "hangs",
          .phase = Phase::kSchedule,
          .destination = samples::loopback(),
          .evidence = {{"attempt", attempt}}};
}

TEST(ScheduleTextTest, MarksTheAttemptOfTheFinding) {
  const auto run = long_run(2);
  EXPECT_EQ(events_text(run, finding_at(2), {}),
            "    attempt  event   the far end\n"
            "    1        refuse  -\n"
            "  > 2        reset   -\n"
            "    3        serve   -\n");
}

TEST(ScheduleTextTest, ShowsOnlyTheNeighboursOfAnAttemptAmongMany) {
  const std::string text = events_text(long_run(1000), finding_at(500), {});
  EXPECT_EQ(std::ranges::count(text, '\n'), 16);
  EXPECT_THAT(text, HasSubstr("\n    1-490    ...\n"));
  EXPECT_THAT(text, HasSubstr("\n  > 500      reset   -\n"));
  EXPECT_THAT(text, HasSubstr("\n    to 1001  ...\n"));
}

TEST(ScheduleTextTest, HasNoTableForAFindingOfAnotherPhase) {
  Finding finding = finding_at(1);
  finding.phase = Phase::kRefused;
  EXPECT_EQ(events_text(long_run(2), finding, {}), "");
  EXPECT_EQ(events_text({}, finding_at(1), {}), "");
}

TEST(ScheduleTextTest, KeepsOneLineShort) {
  EXPECT_THAT(schedule_lines(long_run(1000), {.width = 1000}), HasSubstr("8 reset, ... up to 1001\n"));
}

TEST(ScheduleTextTest, TellsDestinationsApart) {
  auto run = long_run(2);
  auto& attempts = run.traces.front().scheduled;
  attempts.push_back(attempts.front());
  attempts.back().destination = samples::loopback(50002);
  const std::string text = schedule_lines(run, {});
  EXPECT_THAT(text, HasSubstr("to 127.0.0.1:50000: 1 refuse, 2 reset, 3 serve\n"));
  EXPECT_THAT(text, HasSubstr("to 127.0.0.1:50002: 1 refuse\n"));
  EXPECT_THAT(events_text(run, finding_at(1), {}), Not(HasSubstr("50002")));
}

TEST(ScheduleTextTest, SaysWhatBlockedMeans) {
  auto run = long_run(1);
  run.traces.front().ended.stop_reason = "blocked";
  EXPECT_THAT(phase_table(run, {}), HasSubstr("blocked: because\n  the target waited without a time limit"));
}

TEST(ScheduleTextTest, LetsNothingControlTheTerminal) {
  auto run = long_run(1);
  run.traces.front().scheduled.front().instead = "\x1b]0;owned\x07";
  EXPECT_THAT(events_text(run, finding_at(1), {}), HasSubstr(R"(\x1b]0;owned\x07)"));
  EXPECT_THAT(schedule_lines(run, {}), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace selfconnect
