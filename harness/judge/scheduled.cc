// SPDX-License-Identifier: MIT
#include "harness/judge/scheduled.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ranges>
#include <utility>

#include "harness/judge/observed.h"

namespace selfconnect {

namespace {

// Of those that `fits`, the one nearest in time; null when none does.
template <class Value, class Fits>
const Value* nearest(const std::vector<Value>& values, Instant at, Fits fits) {
  const Value* best = nullptr;
  for (const Value& value : values) {
    if (!fits(value)) continue;
    if (best == nullptr || std::chrono::abs(value.at - at) < std::chrono::abs(best->at - at)) best = &value;
  }
  return best;
}

bool same_socket(const ScheduledAttempt& scheduled, const Attempt& attempt) {
  return scheduled.source_port != 0 && scheduled.source_port == attempt.source.port &&
         scheduled.destination == attempt.destination;
}

Finding name_event(Finding finding, EventKind kind, std::uint64_t number, const Endpoint& destination) {
  finding.destination = destination;
  std::erase_if(finding.evidence, [](const auto& entry) { return entry.first == "attempt"; });
  finding.evidence.insert(finding.evidence.begin(), {{"event", std::string(event_name(kind))},
                                                     {"attempt", static_cast<std::int64_t>(number)}});
  return finding;
}

bool overlaps(const Trace& trace) {
  const auto& kept = trace.attempts.kept;
  for (std::size_t i = 1; i < kept.size(); ++i) {
    const Attempt& before = kept[i - 1];
    const bool stays = trace.phase == Phase::kHealthy && before.outcome == Outcome::kAccepted;
    const auto until = stays ? before.ended_at.value_or(Instant::max()) : before.decided_at;
    if (until && kept[i].at < *until) return true;
  }
  return false;
}

}  // namespace

const Trace* schedule_trace(const Run& run) {
  const auto trace = std::ranges::find(run.traces, Phase::kSchedule, &Trace::phase);
  return trace == run.traces.end() ? nullptr : &*trace;
}

bool has_schedule(Phase phase) { return phase == Phase::kSchedule || phase == Phase::kSingleEvent; }

std::string no_attempt_reason() { return "the target made no attempt under the schedule"; }

std::string unasked_reason() { return "a schedule does not put it to the test"; }

std::optional<std::string> unjudged_schedule(const Trace& trace) {
  if (trace.ended.stop_reason == "interrupted") return "the schedule phase was interrupted";
  if (trace.scheduled.size() < kMostScheduledKept) return std::nullopt;
  return fmt::format("of more than {} attempts no details are kept", kMostScheduledKept);
}

Event met(const ScheduledAttempt& attempt) {
  if (attempt.instead.empty()) return attempt.event;
  return {.kind = EventKind::kRefuse, .amount = 0, .steps = {}};
}

std::string met_text(const ScheduledAttempt& attempt) {
  return fmt::format("attempt {} ({})", attempt.number, print(met(attempt)));
}

bool is_served(const ScheduledAttempt& attempt) { return met(attempt).kind == EventKind::kServe; }

bool in_quiet_window(const Trace& trace, const ScheduledAttempt& attempt) {
  return is_served(attempt) && attempt.number > length(trace.schedule);
}

bool let_go(const Trace& trace, const ScheduledAttempt& attempt) {
  const Attempt* packets = packets_of(trace, attempt);
  return packets != nullptr && packets->ended_by == Side::kTarget && packets->ended_at &&
         *packets->ended_at < watched_until(trace);
}

const ScheduledAttempt* last_attempt(const Trace& trace) {
  return trace.scheduled.empty() ? nullptr : &trace.scheduled.back();
}

const ScheduledAttempt* attempt_before(const Trace& trace, const ScheduledAttempt& attempt) {
  for (const ScheduledAttempt& each : trace.scheduled | std::views::reverse) {
    if (each.destination == attempt.destination && each.number < attempt.number) return &each;
  }
  return nullptr;
}

const Attempt* packets_of(const Trace& trace, const ScheduledAttempt& attempt) {
  return nearest(trace.attempts.kept, attempt.at,
                 [&](const Attempt& each) { return same_socket(attempt, each); });
}

const ScheduledAttempt* scheduled_of(const Trace& trace, const Attempt& attempt) {
  return nearest(trace.scheduled, attempt.at,
                 [&](const ScheduledAttempt& each) { return same_socket(each, attempt); });
}

bool dials_at_once(const Run& run) { return std::ranges::any_of(run.traces, overlaps); }

std::vector<const Trace*> healthy_controls(const Run& run, const Endpoint& destination) {
  auto traces = traces_of(run, {Phase::kHealthy});
  std::erase_if(traces, [&](const Trace* trace) {
    return std::ranges::none_of(trace->attempts.kept, [&](const Attempt& attempt) {
      return attempt.outcome == Outcome::kAccepted && attempt.destination == destination;
    });
  });
  return traces;
}

Finding about(Finding finding, const ScheduledAttempt& attempt) {
  return name_event(std::move(finding), met(attempt).kind, attempt.number, attempt.destination);
}

Finding about_self(Finding finding, const Trace& trace, const Attempt& own) {
  const ScheduledAttempt* scheduled = scheduled_of(trace, own);
  return name_event(std::move(finding), EventKind::kSelf,
                    scheduled != nullptr ? scheduled->number : own.number, own.destination);
}

}  // namespace selfconnect
