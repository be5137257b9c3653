// SPDX-License-Identifier: MIT
#include "harness/judge/observed.h"

#include <fmt/format.h>

#include <algorithm>

namespace selfconnect {

std::vector<const Trace*> traces_of(const Run& run, std::initializer_list<Phase> phases) {
  std::vector<const Trace*> found;
  for (const Trace& trace : run.traces) {
    if (std::ranges::find(phases, trace.phase) != phases.end()) found.push_back(&trace);
  }
  return found;
}

std::vector<const Trace*> forced_traces(const Run& run) {
  return traces_of(run, {Phase::kSelfConnect, Phase::kBind, Phase::kRecover});
}

const Trace* refused_control(const Run& run, const std::optional<Endpoint>& destination) {
  const auto controls = traces_of(run, {Phase::kRefused});
  for (const Trace* control : controls) {
    const auto& kept = control->attempts.kept;
    if (destination && std::ranges::find(kept, *destination, &Attempt::destination) != kept.end()) {
      return control;
    }
  }
  return controls.empty() ? nullptr : controls.front();
}

Kind target_kind(const Run& run) {
  if (run.kind != Kind::kUnknown) return run.kind;
  const Trace* control = refused_control(run, std::nullopt);
  if (control == nullptr || control->ended.stop_reason == "interrupted") return Kind::kUnknown;
  return ended_by_itself(*control) ? Kind::kOneShot : Kind::kReconnector;
}

std::string not_run_reason(const Run& run, Phase phase) {
  if (!traces_of(run, {phase}).empty()) return fmt::format("the {} phase was interrupted", phase_name(phase));
  const auto known = std::ranges::find(run.not_run, phase, &std::pair<Phase, std::string>::first);
  std::string reason = fmt::format("the {} phase was not run", phase_name(phase));
  if (known != run.not_run.end() && !known->second.empty()) reason += ": " + known->second;
  return reason;
}

std::string no_self_connection_reason(const Run& run, Phase phase) {
  if (traces_of(run, {phase}).empty()) {
    if (traces_of(run, {Phase::kSchedule}).empty()) return not_run_reason(run, phase);
    phase = Phase::kSchedule;  // which takes the place of the forced phases
  }
  return fmt::format("the target never connected to itself in the {} phase", phase_name(phase));
}

std::optional<std::string> no_payload_reason(const Run& run) {
  if (std::ranges::find(run.traces, AttemptsFrom::kCalls, &Trace::attempts_from) == run.traces.end())
    return std::nullopt;
  return "no packets can be captured here";
}

std::vector<const Attempt*> self_connections(const Trace& trace) {
  std::vector<const Attempt*> found;
  for (const Attempt& attempt : trace.attempts.kept) {
    if (attempt.outcome == Outcome::kSelfConnected) found.push_back(&attempt);
  }
  return found;
}

std::optional<Endpoint> destination_of(const Trace& trace) {
  if (trace.destination) return trace.destination;
  const auto own = self_connections(trace);
  if (!own.empty()) return own.front()->destination;
  return std::nullopt;
}

std::string destination_text(const Trace& trace) {
  const auto destination = destination_of(trace);
  return destination ? destination->text() : "";
}

bool ended_by_itself(const Trace& trace) { return trace.ended.how != Ended::How::kStopped; }

bool exited_with_zero(const Trace& trace) {
  return trace.ended.how == Ended::How::kExit && trace.ended.code == 0;
}

Instant watched_until(const Trace& trace) {
  return std::min(trace.ended.at, trace.stop_signal_at.value_or(trace.ended.at));
}

std::size_t open_connections(const Trace& trace, Instant at) {
  return static_cast<std::size_t>(std::ranges::count_if(trace.attempts.kept, [&](const Attempt& attempt) {
    if (attempt.at > at) return false;
    if (!attempt.decided_at || *attempt.decided_at > at) return true;
    const bool connected =
        attempt.outcome == Outcome::kAccepted || attempt.outcome == Outcome::kSelfConnected;
    return connected && (!attempt.ended_at || *attempt.ended_at > at);
  }));
}

}  // namespace selfconnect
