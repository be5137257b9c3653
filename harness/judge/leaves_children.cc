// Rule leaves-children: processes of the target outlive it.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "leaves-children";

Finding convict(const Trace& trace) {
  const std::string names = fmt::format("{}", fmt::join(trace.left_behind, ", "));
  Finding finding = finding_in(
      trace, kId, Level::kWarning,
      fmt::format("the target {} and left {} running: {}", ended_text(trace.ended),
                  trace.left_behind.size() == 1 ? std::string("1 process")
                                                : fmt::format("{} processes", trace.left_behind.size()),
                  names),
      {{"processes", names},
       {"count", static_cast<std::int64_t>(trace.left_behind.size())},
       {"ended", ended_text(trace.ended)}});
  finding.counted = true;  // needs no self-connection to be true
  if (has_schedule(trace.phase) && !trace.scheduled.empty()) {
    finding = about(std::move(finding), *last_attempt(trace));
  }
  return finding;
}

RuleOutcome judge(const Run& run) {
  Tally tally;
  for (const Trace& trace : run.traces) {
    if (!trace.left_behind.empty()) {
      tally.found(convict(trace), "left");
    } else if (ended_by_itself(trace)) {
      tally.clear();
    }
  }
  return std::move(tally).outcome("the target never ended by itself");
}

}  // namespace

Rule leaves_children() {
  return {.id = kId,
          .level = Level::kWarning,
          .summary = "left processes behind",
          .why =
              "A process that outlives the command that started it keeps its sockets, and with them the "
              "port; nobody waits for it, and the next run finds the port taken by a program that seems not "
              "to be running.",
          .decided =
              "Processes of the target that are alive after its first process has ended by itself. What the "
              "harness stopped does not count.",
          .remedy =
              "Wait for every child before ending, or let them end with their parent (PR_SET_PDEATHSIG, a "
              "process group, a pipe that closes). A command meant to go to the background is better run in "
              "the foreground under a supervisor.",
          .judge = judge};
}

}  // namespace selfconnect
