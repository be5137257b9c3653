// Rule false-guard: the target refused a legitimate peer whose port happens to equal its own.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "false-guard";

bool dropped_unused(const Trace& trace, const Attempt& attempt) {
  return attempt.sent == 0 && attempt.ended_at && attempt.ended_by == Side::kTarget &&
         (!trace.stop_signal_at || *attempt.ended_at < *trace.stop_signal_at);
}

bool is_same_port(const Attempt& attempt) {
  return attempt.outcome == Outcome::kAccepted && attempt.source.port == attempt.destination.port &&
         attempt.source.address != attempt.destination.address;
}

Finding convict(const Trace& trace, const Attempt& dropped, const Trace& healthy) {
  Finding finding =
      finding_in(trace, kId, Level::kWarning,
                 fmt::format("the target refused a legitimate server: connected from {} to {}, two machines' "
                             "addresses with the same port, it closed after {} without a byte, and {}; with "
                             "different ports the same server was accepted",
                             dropped.source.text(), dropped.destination.text(),
                             time_text(*dropped.ended_at - dropped.at), ended_text(trace.ended)),
                 {{"attempt", as_count(dropped.number)},
                  {"source", dropped.source.text()},
                  {"destination", dropped.destination.text()},
                  {"closed_after_ms", in_ms(*dropped.ended_at - dropped.at)},
                  {"ending", std::string(ending_name(dropped.ending))},
                  {"ended", ended_text(trace.ended)},
                  {"healthy_ended", ended_text(healthy.ended)}});
  finding.destination = dropped.destination;
  finding.counted = true;  // this control is where the question is asked
  return finding;
}

// How the target treats the same server when the ports differ.
struct Healthy {
  const Trace* used = nullptr;     // a trace in which a connection was used or kept
  const Trace* success = nullptr;  // a trace that ended with exit code 0
  const Trace* any = nullptr;
};

Healthy look_at_healthy(const Run& run) {
  Healthy healthy;
  for (const Trace* trace : traces_of(run, {Phase::kHealthy})) {
    for (const Attempt& attempt : trace->attempts.kept) {
      if (attempt.outcome != Outcome::kAccepted) continue;
      healthy.any = trace;
      if (!dropped_unused(*trace, attempt)) healthy.used = trace;
      if (exited_with_zero(*trace)) healthy.success = trace;
    }
  }
  return healthy;
}

void judge_trace(const Trace& trace, const Healthy& healthy, Tally& tally) {
  const auto same = std::ranges::find_if(trace.attempts.kept, is_same_port);
  if (same == trace.attempts.kept.end()) {
    return tally.undecided("the control did not get the same port at both ends");
  }
  const auto dropped = std::ranges::find_if(trace.attempts.kept, [&](const Attempt& attempt) {
    return is_same_port(attempt) && dropped_unused(trace, attempt);
  });
  if (dropped == trace.attempts.kept.end()) return tally.clear();
  const bool failed = ended_by_itself(trace) && !exited_with_zero(trace);
  if (healthy.used != nullptr) return tally.found(convict(trace, *dropped, *healthy.used));
  if (failed && healthy.success != nullptr) return tally.found(convict(trace, *dropped, *healthy.success));
  tally.undecided("the target treats the server in the same way when the ports differ");
}

RuleOutcome judge(const Run& run) {
  if (schedule_trace(run) != nullptr) return NotJudged{unasked_reason()};
  if (!run.has_host_placeholder) return NotJudged{"the command has no {host}"};
  const Healthy healthy = look_at_healthy(run);
  Tally tally;
  for (const Trace* trace : traces_of(run, {Phase::kSamePort})) {
    if (healthy.any == nullptr) {
      return NotJudged{traces_of(run, {Phase::kHealthy}).empty() ? not_run_reason(run, Phase::kHealthy)
                                                                 : "no healthy connection to compare with"};
    }
    judge_trace(*trace, healthy, tally);
  }
  return std::move(tally).outcome(not_run_reason(run, Phase::kSamePort));
}

}  // namespace

Rule false_guard() {
  return {
      .id = kId,
      .level = Level::kWarning,
      .summary = "refused a legitimate peer with the same port and another address",
      .why =
          "A check for self-connection that compares ports only throws away good connections: a client's "
          "source port may well equal the server's port when the addresses differ. With 28,000 ephemeral "
          "ports that is one good connection in 28,000, and nobody will find out why.",
      .decided =
          "Connected to a server at another address with the same port at both ends, the target closes "
          "without sending a byte, while with different ports it talks to the same server or keeps the "
          "connection.",
      .remedy =
          "Compare getsockname() with getpeername() as a whole: a self-connection has the same address and "
          "the same port at both ends. Mind IPv4-mapped IPv6 addresses.",
      .judge = judge};
}

}  // namespace selfconnect
