// Rule crashes: the target died of a signal, or a sanitizer spoke up, after it had connected to itself.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "harness/judge/crash.h"
#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "crashes";

bool crashed_alike(const Trace* control, const Crash& crash) {
  if (control == nullptr) return false;
  const auto other = crash_of(*control);
  return other && other->like(crash);
}

Finding convict(const Run& run, const Trace& trace, const Crash& crash) {
  const auto own = self_connections(trace);
  std::string what = crash.signal != 0 ? fmt::format("died of {}", signal_text(crash.signal))
                                       : fmt::format("reported \"{}\"", crash.report_line);
  const ScheduledAttempt* last = has_schedule(trace.phase) ? last_attempt(trace) : nullptr;
  std::string when = " without any self-connection";
  if (last != nullptr) {
    when = fmt::format(" after {}", met_text(*last));
  } else if (!own.empty()) {
    when = fmt::format(", {} after attempt {} had connected it to itself",
                       time_text(trace.ended.at - own.front()->at), own.front()->number);
  }
  const bool alike =
      !is_control(trace.phase) && crashed_alike(refused_control(run, destination_of(trace)), crash);
  if (alike) when += "; it crashes in the same way when the connection is merely refused";

  Evidence evidence;
  if (crash.signal != 0) {
    evidence.emplace_back("signal", static_cast<std::int64_t>(crash.signal));
    evidence.emplace_back("signal_name", signal_text(crash.signal));
  }
  if (!crash.report.empty()) evidence.emplace_back("report", crash.report_line);
  if (!own.empty()) evidence.emplace_back("after_self_connect_ms", in_ms(trace.ended.at - own.front()->at));
  evidence.emplace_back("same_in_refused", alike);
  Finding finding =
      finding_in(trace, kId, Level::kError, fmt::format("the target {}{}", what, when), evidence);
  if (last != nullptr) return about(std::move(finding), *last);
  finding.counted = finding.counted && !own.empty();
  return finding;
}

RuleOutcome judge(const Run& run) {
  Tally tally;
  for (const Trace& trace : run.traces) {
    if (const auto crash = crash_of(trace)) {
      tally.found(convict(run, trace, *crash),
                  fmt::format("{} {} {}", destination_text(trace), crash->signal, crash->report));
    } else if (trace.phase == Phase::kSchedule
                   ? !trace.scheduled.empty()
                   : !is_control(trace.phase) && !self_connections(trace).empty()) {
      tally.clear();
    }
  }
  return std::move(tally).outcome(schedule_trace(run) != nullptr ? no_attempt_reason()
                                                                 : no_self_connection_reason(run));
}

}  // namespace

Rule crashes() {
  return {
      .id = kId,
      .level = Level::kError,
      .summary = "died of a signal or a sanitizer report",
      .why =
          "Answers that are the client's own words drive its parser and its state machine into places that "
          "no server ever takes them to. A crash there takes the program down with no server involved.",
      .decided =
          "The target ended by a signal that the harness did not send, or printed a sanitizer's report, in a "
          "phase in which it had connected to itself, or under a schedule. The same in a control is shown "
          "and not counted.",
      .remedy =
          "Fix the fault as any other crash: the evidence names the signal or the report, and --out keeps "
          "the output and the packets. A check for self-connection (getsockname() equal to getpeername(), "
          "address and port) keeps the client from getting there, but a hostile server still can.",
      .judge = judge};
}

}  // namespace selfconnect
