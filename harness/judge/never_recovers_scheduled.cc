// Rule never-recovers under a schedule: a reconnector that gives up, and a target that is served in the quiet window and yet does
// not do what it does when the server was there from the start.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <set>

#include "harness/judge/crash.h"
#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/scheduled_rules.h"
#include "harness/judge/success_pattern.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "never-recovers";

// Attempts without service, up to the end.
struct Failures {
  std::uint64_t attempts = 0;
  Instant since{};
};

Failures failures_of(const Trace& trace, const ScheduledAttempt& last) {
  Failures failures;
  for (const ScheduledAttempt& attempt : trace.scheduled | std::views::reverse) {
    if (attempt.destination != last.destination) continue;
    if (is_served(attempt)) break;
    ++failures.attempts;
    failures.since = attempt.at;
  }
  return failures;
}

// What the refused control shows that the target stands.
Failures stood_in(const Trace& refused, const Endpoint& destination) {
  Failures stood{.attempts = 0, .since = refused.attempts.first_at.value_or(Instant::zero())};
  for (const Attempt& attempt : refused.attempts.kept) {
    if (attempt.destination == destination) stood.attempts = std::max(stood.attempts, attempt.number);
  }
  return stood;
}

void judge_giving_up(const Run& run, const Trace& trace, const ScheduledAttempt& last, Tally& tally) {
  if (exited_with_zero(trace)) {
    return tally.undecided("the target ended with success before the quiet window: see echo-accepted");
  }
  if (!is_network_failure(met(last).kind)) {
    return tally.undecided(fmt::format("the target gave up after {}, as it may", met_text(last)));
  }
  const Trace* refused = refused_control(run, last.destination);
  if (refused == nullptr) return tally.undecided(not_run_reason(run, Phase::kRefused));
  if (ended_by_itself(*refused)) return tally.undecided("the target also gives up after refusals alone");
  const Failures failures = failures_of(trace, last);
  const Failures stood = stood_in(*refused, last.destination);
  const auto time = trace.ended.at - failures.since;
  const auto stood_time = watched_until(*refused) - stood.since;
  // A client may rightly have had enough after so many failures, or so long.
  if (failures.attempts >= stood.attempts || time > stood_time) {
    return tally.undecided(fmt::format(
        "the target gave up after {} and {}, and the refused control shows only that it stands {} and {}",
        count_text(failures.attempts, "failed attempt"), time_text(time),
        count_text(stood.attempts == 0 ? 0 : stood.attempts - 1, "refusal"), time_text(stood_time)));
  }
  Finding finding = finding_in(
      trace, kId, Level::kError,
      fmt::format(
          "the target gave up: it {} {} after {}, before the server was there again; it goes on trying after "
          "{} in a row",
          ended_text(trace.ended), time_text(trace.ended.at - last.at), met_text(last),
          count_text(stood.attempts - 1, "plain refusal")),
      {{"ended", ended_text(trace.ended)},
       {"ended_ms", in_ms(trace.ended.at)},
       {"failed_attempts", as_count(failures.attempts)},
       {"refused_attempts", as_count(stood.attempts)}});
  tally.found(about(std::move(finding), last));
}

// How the target fares with the server there from the start.
class Healthy {
 public:
  Healthy(std::vector<const Trace*> traces, const Endpoint& destination) : traces_(std::move(traces)) {
    for (const Trace* trace : traces_) {
      std::uint64_t served = 0;
      for (const Attempt& attempt : trace->attempts.kept) {
        if (attempt.outcome != Outcome::kAccepted || attempt.destination != destination) continue;
        ++served;
        answered_ |= attempt.received > 0;
        longest_ = std::max(longest_, watched_until(*trace) - attempt.at);
      }
      connections_ = std::max(connections_, served);
    }
  }

  [[nodiscard]] bool empty() const { return traces_.empty(); }
  [[nodiscard]] bool ends() const {
    return std::ranges::all_of(traces_, [](auto* t) { return ended_by_itself(*t); });
  }
  [[nodiscard]] bool succeeds() const {
    return std::ranges::all_of(traces_, [](auto* t) { return exited_with_zero(*t); });
  }
  [[nodiscard]] bool matches(const SuccessPattern& pattern) const {
    return std::ranges::all_of(traces_, [&](auto* t) { return pattern.find(*t).has_value(); });
  }
  [[nodiscard]] bool answered() const { return answered_; }
  [[nodiscard]] std::uint64_t connections() const { return connections_; }
  [[nodiscard]] std::chrono::nanoseconds longest() const { return longest_; }  // from a connection to the end

 private:
  std::vector<const Trace*> traces_;
  bool answered_ = false;
  std::uint64_t connections_ = 0;
  std::chrono::nanoseconds longest_{};
};

Finding convict_served(const Trace& trace, const ScheduledAttempt& last, std::string_view how,
                       std::string_view healthy, Evidence evidence) {
  const ScheduledAttempt& before = *attempt_before(trace, last);
  evidence.insert(evidence.begin(), {{"served_attempt", as_count(last.number)},
                                     {"ended", ended_text(trace.ended)},
                                     {"sent_to_it_bytes", as_count(last.peer ? last.peer->sent : 0)}});
  return about(
      finding_in(trace, kId, Level::kError,
                 fmt::format("the target was served on attempt {}, after {}, and {}; with the server there "
                             "from the start it {}",
                             last.number, met_text(before), how, healthy),
                 std::move(evidence)),
      before);
}

void judge_failure(const Trace& trace, const ScheduledAttempt& last, const Healthy& healthy, Tally& tally) {
  if (!healthy.succeeds()) {
    return tally.undecided(healthy.ends() ? "the target does not exit with code 0 in healthy either"
                                          : "the target was stopped in healthy before it ended by itself");
  }
  tally.found(convict_served(trace, last, ended_text(trace.ended), "exited with code 0",
                             {{"healthy_ended", "exited with code 0"}}));
}

bool output_is_whole(const OutputText& output) {
  return output.total <= output.head.size() + output.tail.size();
}

void judge_pattern(const Run& run, const Trace& trace, const ScheduledAttempt& last, const Healthy& healthy,
                   Tally& tally) {
  const auto pattern = SuccessPattern::compile(run.success_pattern);
  if (!pattern) return tally.undecided("the success pattern is no valid regular expression");
  const Trace* refused = refused_control(run, last.destination);
  if (refused != nullptr && pattern->find(*refused)) {
    return tally.undecided("the success pattern also matches when nothing listens");
  }
  if (pattern->find(trace)) return tally.clear();
  if (!healthy.matches(*pattern)) return tally.undecided("the success pattern is not seen in healthy either");
  if (!output_is_whole(trace.out) || !output_is_whole(trace.err)) {
    return tally.undecided("the target wrote more than is kept, so its success pattern may have been there");
  }
  if (!ended_by_itself(trace)) {
    if (healthy.ends()) return tally.undecided("the target did not end after it was served: see hangs");
    const auto needed = healthy.longest() + std::chrono::seconds(1);
    const auto watched = watched_until(trace) - last.at;
    if (trace.ended.stop_reason != "blocked" && watched < needed) {
      return tally.undecided(
          fmt::format("the target was watched for {} after it was served, and may need {}: {} would do",
                      time_text(watched), time_text(needed), timeout_option(last.at + needed)));
    }
  }
  tally.found(convict_served(trace, last, "never printed its success pattern", "prints it",
                             {{"success_pattern", run.success_pattern}}));
}

void judge_served(const Run& run, const Trace& trace, const ScheduledAttempt& last, Tally& tally) {
  if (attempt_before(trace, last) == nullptr) {
    return tally.undecided("the first attempt was served: there was nothing to recover from");
  }
  const Healthy healthy(healthy_controls(run, last.destination), last.destination);
  const bool failed = ended_by_itself(trace) && !exited_with_zero(trace);
  if (!failed && run.success_pattern.empty()) return tally.clear();
  if (healthy.empty()) {
    return tally.undecided(traces_of(run, {Phase::kHealthy}).empty()
                               ? not_run_reason(run, Phase::kHealthy)
                               : "no healthy connection to compare with");
  }
  const bool answered = last.peer && last.peer->sent > 0;
  if (!answered && (failed || healthy.answered())) {
    return tally.undecided("the connection that was served was not answered");
  }
  const auto served =
      static_cast<std::uint64_t>(std::ranges::count_if(trace.scheduled, [&](const auto& attempt) {
        return attempt.destination == last.destination && is_served(attempt);
      }));
  // One that failed may be the reason why the rest is not enough.
  if (served < healthy.connections()) {
    return tally.undecided(fmt::format("the target was served on {}, and makes {} in healthy",
                                       count_text(served, "attempt"),
                                       count_text(healthy.connections(), "connection")));
  }
  if (failed) return judge_failure(trace, last, healthy, tally);
  judge_pattern(run, trace, last, healthy, tally);
}

// Of several destinations it may rightly prefer one that serves it, so of the others nothing is known but that it left them.
void look_at_others(const Trace& trace, const ScheduledAttempt& last, Tally& tally) {
  std::set<Endpoint> seen = {last.destination};
  for (const ScheduledAttempt& attempt : trace.scheduled | std::views::reverse) {
    if (!seen.insert(attempt.destination).second || in_quiet_window(trace, attempt)) continue;
    tally.undecided(fmt::format("the target did not come back to {}, but was served at {}",
                                attempt.destination.text(), last.destination.text()));
  }
}

}  // namespace

void judge_scheduled_recovery(const Run& run, const Trace& trace, Tally& tally) {
  if (auto reason = unjudged_schedule(trace)) return tally.undecided(std::move(*reason));
  const ScheduledAttempt* last = last_attempt(trace);
  if (last == nullptr) return tally.undecided(no_attempt_reason());
  if (crash_of(trace)) return tally.undecided("the target crashed in the schedule phase: see crashes");
  if (in_quiet_window(trace, *last)) {
    look_at_others(trace, *last, tally);
    return judge_served(run, trace, *last, tally);
  }
  if (!ended_by_itself(trace)) {
    if (!last->instead.empty()) return tally.undecided("the last attempt was refused: " + last->instead);
    return tally.undecided("the target did not come to the quiet window: see hangs");
  }
  switch (target_kind(run)) {
    case Kind::kOneShot:
      return tally.undecided("one-shot: it ended by itself before the quiet window");
    case Kind::kUnknown:
      return tally.undecided("whether the target tries again is not known: " +
                             not_run_reason(run, Phase::kRefused));
    case Kind::kReconnector:
      return judge_giving_up(run, trace, *last, tally);
  }
}

}  // namespace selfconnect
