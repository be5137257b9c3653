// Rule never-recovers: the real server came up, and the target did not come back to it.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "harness/judge/crash.h"
#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/retry.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/scheduled_rules.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "never-recovers";

std::optional<Instant> first_event(const Trace& trace, ServerEvent::What what) {
  const auto event = std::ranges::find(trace.server, what, &ServerEvent::what);
  if (event == trace.server.end()) return std::nullopt;
  return event->at;
}

// Nothing but the server can accept in this phase, so an accepted attempt is a recovery, also when the
// record of the server's listening came a moment later.
bool reached_server(const Trace& trace) {
  const auto destination = destination_of(trace);
  std::uint64_t kept = 0;
  for (const Attempt& attempt : trace.attempts.kept) {
    if (attempt.outcome != Outcome::kAccepted) continue;
    if (!destination || attempt.destination == *destination) return true;
    ++kept;
  }
  return trace.attempts.accepted > kept;  // one that was only counted
}

std::chrono::nanoseconds window_for(const Trace& trace, const Trace* control) {
  auto largest = largest_retry_interval(trace);
  if (control != nullptr) largest = std::max(largest, largest_retry_interval(*control));
  return recovery_window(largest);
}

std::uint64_t attempts_since(const Trace& trace, Instant since) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      trace.attempts.kept, [&](const Attempt& attempt) { return attempt.at >= since; }));
}

Finding convict(const Trace& trace, std::optional<Instant> listening, std::chrono::nanoseconds window) {
  const Attempt& own = *self_connections(trace).front();
  Evidence evidence = {
      {"attempt", as_count(own.number)}, {"ended", ended_text(trace.ended)}, {"window_ms", in_ms(window)}};
  if (trace.attempts.last_at) evidence.emplace_back("last_attempt_ms", in_ms(*trace.attempts.last_at));
  std::string story;
  if (ended_by_itself(trace)) {
    evidence.emplace_back("ended_ms", in_ms(trace.ended.at));
    story =
        fmt::format("{} {} after it had connected to itself, though it goes on trying after a plain refusal",
                    ended_text(trace.ended), time_text(trace.ended.at - own.at));
  }
  if (listening) {
    const auto watched = watched_until(trace) - *listening;
    const auto tries = attempts_since(trace, *listening);
    evidence.emplace_back("listening_ms", in_ms(*listening));
    evidence.emplace_back("watched_after_listening_ms", in_ms(watched));
    evidence.emplace_back("attempts_after_listening", as_count(tries));
    if (story.empty()) {
      story = fmt::format(
          "had not reached it {} later ({} in that time; its own retry intervals would have needed {} at "
          "most)",
          time_text(watched), count_text(tries, "attempt"), time_text(window));
    }
  }
  return finding_in(
      trace, kId, Level::kError,
      ended_by_itself(trace)
          ? fmt::format("the target gave up: it {}", story)
          : fmt::format("the target connected to itself on attempt {}; then the real server came up, and the "
                        "target {}",
                        own.number, story),
      std::move(evidence));
}

void judge_trace(const Run& run, const Trace& trace, Tally& tally) {
  if (reached_server(trace)) return tally.clear();
  const auto listening = first_event(trace, ServerEvent::What::kListening);
  const auto window = window_for(trace, refused_control(run, destination_of(trace)));
  if (ended_by_itself(trace)) {
    if (crash_of(trace)) return tally.undecided("the target crashed in the recover phase: see crashes");
    if (exited_with_zero(trace) && !trace.left_behind.empty()) {
      return tally.undecided("the target went on in the background: have it stay in the foreground");
    }
    if (exited_with_zero(trace)) {
      return tally.undecided("the target exited with success before the server was there: see echo-accepted");
    }
    return tally.found(convict(trace, listening, window));
  }
  if (!listening) {
    const bool blocked = first_event(trace, ServerEvent::What::kBindBlocked).has_value();
    return tally.undecided(blocked ? "the server could not listen, the port was held: see holds-port"
                                   : "the server never came to listen");
  }
  if (trace.ended.stop_reason == "interrupted") return tally.undecided("the recover phase was interrupted");
  const Instant until = *listening + window;
  const auto server_ended = first_event(trace, ServerEvent::What::kEnded);
  if (server_ended && *server_ended >= *listening && *server_ended < std::min(until, watched_until(trace))) {
    return tally.undecided("the server ended before the target could have come back");
  }
  if (watched_until(trace) < until) {
    return tally.undecided(
        fmt::format("the target was watched for {} with the server up, and its retry intervals need {}: {} "
                    "would do",
                    time_text(watched_until(trace) - *listening), time_text(window), timeout_option(until)));
  }
  tally.found(convict(trace, listening, window));
}

RuleOutcome judge(const Run& run) {
  if (const Trace* trace = schedule_trace(run)) {
    Tally tally;
    judge_scheduled_recovery(run, *trace, tally);
    return std::move(tally).outcome(no_attempt_reason());
  }
  switch (target_kind(run)) {
    case Kind::kOneShot:
      return NotJudged{"one-shot: it ended by itself"};
    case Kind::kUnknown:
      return NotJudged{"whether the target tries again is not known: " +
                       not_run_reason(run, Phase::kRefused)};
    case Kind::kReconnector:
      break;
  }
  Tally tally;
  for (const Trace* trace : traces_of(run, {Phase::kRecover})) {
    if (!self_connections(*trace).empty()) judge_trace(run, *trace, tally);
  }
  return std::move(tally).outcome(no_self_connection_reason(run, Phase::kRecover));
}

}  // namespace

Rule never_recovers() {
  return {
      .id = kId,
      .level = Level::kError,
      .summary = "did not reach the real server once it was there",
      .why =
          "One accidental self-connection takes the client out of service for good: the server is back, "
          "everybody else reconnects, and this one needs a restart by hand.",
      .decided =
          "Only for targets that go on trying after a refusal. Forcing is off and the server listens; the "
          "target gets three times its own largest retry interval and a second more. Time in which a "
          "TIME_WAIT entry kept the server from listening does not count. Under a schedule: it gave up after "
          "a failure of the network, or was served in the quiet window and yet failed, where it does not in "
          "healthy.",
      .remedy =
          "Treat a self-connection exactly like a refused connection: close it with SO_LINGER 0 and schedule "
          "the next attempt as after any other failure. Make every way out of the handshake, protocol errors "
          "included, lead back to the retry timer.",
      .judge = judge};
}

}  // namespace selfconnect
