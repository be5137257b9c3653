// Rule hangs: after a self-connection the target neither ended nor tried again, though in `refused` it did.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/retry.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/scheduled_rules.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "hangs";

// What the target needs after a failed attempt: until its next one, or until its end.
std::chrono::nanoseconds window_for(const Trace& control, Kind kind) {
  auto largest = largest_retry_interval(control);
  if (kind == Kind::kOneShot && control.attempts.last_at) {
    largest = std::max(largest, std::optional(control.ended.at - *control.attempts.last_at));
  }
  return recovery_window(largest);
}

// A reconnector that let go of its self-connection and never dials again is what never-recovers is about;
// it decides where it has seen the server come up.
bool left_to_never_recovers(const Run& run, const Trace& trace, const Attempt& last, Kind kind) {
  if (kind != Kind::kReconnector || last.ending == Ending::kOpen) return false;
  return std::ranges::any_of(traces_of(run, {Phase::kRecover}), [&](const Trace* recover) {
    return destination_of(*recover) == destination_of(trace) && !self_connections(*recover).empty() &&
           std::ranges::find(recover->server, ServerEvent::What::kListening, &ServerEvent::what) !=
               recover->server.end();
  });
}

Finding convict(const Trace& trace, const Trace& control, const Attempt& last, Kind kind) {
  const auto idle = watched_until(trace) - last.at;
  const bool open = last.ending == Ending::kOpen;
  Evidence evidence = {{"attempt", as_count(last.number)},
                       {"idle_ms", in_ms(idle)},
                       {"connection", std::string(open ? "open" : "closed")},
                       {"refused_ended", ended_text(control.ended)}};
  if (auto line = self_connection_line(trace); !line.empty())
    evidence.emplace_back("socket", std::move(line));
  return finding_in(
      trace, kId, Level::kError,
      fmt::format(
          "the target connected to itself on attempt {} and then did nothing for {}: it neither ended nor "
          "tried again, {}; after a plain refusal it {}",
          last.number, time_text(idle),
          open ? "and waits on that connection for an answer that cannot come"
               : "though it had closed that connection",
          kind == Kind::kOneShot
              ? fmt::format("{} after {}", ended_text(control.ended), time_text(control.ended.at))
              : "tries again"),
      std::move(evidence));
}

void judge_trace(const Run& run, const Trace& trace, const Trace& control, Kind kind, Tally& tally) {
  const Attempt& last = *self_connections(trace).back();
  if (ended_by_itself(trace) || trace.ended.stop_reason == "decided") return tally.clear();
  if (trace.attempts.last_at.value_or(last.at) > last.at) return tally.clear();
  if (trace.ended.stop_reason == "interrupted")
    return tally.undecided("the self-connect phase was interrupted");
  const auto window = window_for(control, kind);
  if (watched_until(trace) - last.at < window) {
    return tally.undecided(fmt::format(
        "the target was watched for {} after it had connected to itself, and needs {} after a refusal: {} "
        "would do",
        time_text(watched_until(trace) - last.at), time_text(window), timeout_option(last.at + window)));
  }
  if (kind == Kind::kReconnector && trace.attempts_from == AttemptsFrom::kCalls &&
      traces_of(run, {Phase::kRecover}).empty()) {  // a port in TIME-WAIT, which nobody may remove there
    return tally.undecided(not_run_reason(run, Phase::kRecover));
  }
  if (left_to_never_recovers(run, trace, last, kind)) {
    return tally.undecided("the target closed its self-connection and stopped trying: see never-recovers");
  }
  tally.found(convict(trace, control, last, kind));
}

RuleOutcome judge(const Run& run) {
  const Kind kind = target_kind(run);
  Tally tally;
  for (const Trace* trace : traces_of(run, {Phase::kSelfConnect})) {
    if (self_connections(*trace).empty()) continue;
    const Trace* control = refused_control(run, destination_of(*trace));
    if (control == nullptr) return NotJudged{not_run_reason(run, Phase::kRefused)};
    if (kind == Kind::kUnknown || control->ended.stop_reason == "interrupted") {
      return NotJudged{"the refused phase was interrupted"};
    }
    judge_trace(run, *trace, *control, kind, tally);
  }
  if (const Trace* trace = schedule_trace(run)) judge_scheduled_hang(run, *trace, tally);
  return std::move(tally).outcome(no_self_connection_reason(run));
}

}  // namespace

Rule hangs() {
  return {.id = kId,
          .level = Level::kError,
          .summary = "neither ended nor tried again, though after a refusal it did",
          .why =
              "A self-connection never fails by itself: it is up, keepalive probes are answered, and no data "
              "will ever come. A client that waits for an answer without a limit waits until somebody kills "
              "it.",
          .decided =
              "No attempt follows the last self-connection until the phase's time is up, for at least three "
              "times what the target needed after a refusal plus a second. A target that ended, or dialled "
              "again, is clear; raise --timeout above the client's own read timeout. Under a schedule: after "
              "any event that leaves nothing to wait for, or after which alone it did go on; and on the "
              "connection that was served at last.",
          .remedy =
              "Put a limit on every read and on the whole handshake (SO_RCVTIMEO, a poll() timeout, the "
              "library's request timeout). Close a self-connection at once: getsockname() equal to "
              "getpeername(), address and port.",
          .judge = judge};
}

}  // namespace selfconnect
