// Rule hangs under a schedule. After some events a client knows that it failed, or is alone: then it must go on. After others it
// may wait for ever, and rightly so; whether this one does is told by a control with that event alone.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/retry.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/scheduled_rules.h"
#include "harness/judge/wanted_control.h"

namespace selfconnect {

namespace {

struct Answer {
  enum class What { kClear, kUndecided, kWanted, kFound };
  What what = What::kClear;
  std::string reason{};                    // kUndecided
  Event wanted{};                          // kWanted
  const ScheduledAttempt* last = nullptr;  // kFound
  const Trace* single = nullptr;           // kFound: the control with the event of `last`, if there is one
};

Answer undecided(std::string reason) {
  return {.what = Answer::What::kUndecided, .reason = std::move(reason)};
}

// What the target may rightly be waiting for: the last attempt, and earlier ones that it has not let go of.
std::vector<const ScheduledAttempt*> waited_for(const Trace& trace) {
  std::vector<const ScheduledAttempt*> found;
  for (const ScheduledAttempt& attempt : trace.scheduled) {
    const bool last = &attempt == last_attempt(trace);
    if (is_served(attempt) || leaves_nothing_to_wait_for(met(attempt).kind)) continue;
    if (last || !let_go(trace, attempt)) found.push_back(&attempt);
  }
  return found;
}

const Trace* single_event(const Run& run, const Event& event) {
  for (const Trace* trace : traces_of(run, {Phase::kSingleEvent})) {
    const auto& entries = trace->schedule.entries;
    if (entries.size() == 1 && entries.front().count == 1 && entries.front().event == event) return trace;
  }
  return nullptr;
}

bool reacted(const Run& run, const Trace& single) {
  if (single.scheduled.empty()) return false;
  return ended_by_itself(single) || let_go(single, single.scheduled.front()) ||
         (single.scheduled.size() > 1 && !dials_at_once(run));
}

// From attempt to attempt, and from the last to the end where the target ended by itself.
std::optional<std::chrono::nanoseconds> longest_pause(const Trace& trace) {
  std::optional<std::chrono::nanoseconds> longest;
  std::map<Endpoint, Instant> before;
  for (const ScheduledAttempt& attempt : trace.scheduled) {
    const auto [known, first] = before.try_emplace(attempt.destination, attempt.at);
    if (!first)
      longest = std::max(longest, std::optional(attempt.at - std::exchange(known->second, attempt.at)));
  }
  if (ended_by_itself(trace) && !trace.scheduled.empty()) {
    longest = std::max(longest, std::optional(trace.ended.at - trace.scheduled.back().at));
  }
  return longest;
}

// How long the target may take: three times the longest that it was ever seen to take, and a second.
std::chrono::nanoseconds window_for(const Run& run, const Trace& trace, const Trace& refused) {
  auto longest = std::max(largest_retry_interval(refused), longest_pause(trace));
  if (ended_by_itself(refused) && refused.attempts.last_at) {
    longest = std::max(longest, std::optional(refused.ended.at - *refused.attempts.last_at));
  }
  for (const Trace* single : traces_of(run, {Phase::kSingleEvent})) {
    longest = std::max(longest, longest_pause(*single));
  }
  for (const Trace* healthy : traces_of(run, {Phase::kHealthy})) {
    if (ended_by_itself(*healthy) && healthy->attempts.last_at) {
      longest = std::max(longest, std::optional(healthy->ended.at - *healthy->attempts.last_at));
    }
  }
  return recovery_window(longest);
}

// None: it needs no explanation that the target stays after it was served, or there is one.
std::optional<Answer> look_at_served(const Run& run, const ScheduledAttempt& last) {
  const auto healthy = healthy_controls(run, last.destination);
  if (healthy.empty()) {
    return undecided(traces_of(run, {Phase::kHealthy}).empty() ? not_run_reason(run, Phase::kHealthy)
                                                               : "no healthy connection to compare with");
  }
  if (!std::ranges::all_of(healthy, [](const Trace* trace) { return ended_by_itself(*trace); }))
    return Answer{};
  const PeerView peer = last.peer.value_or(PeerView{});
  if (peer.sent > 0) return std::nullopt;
  if (peer.received > 0) return undecided("the connection that was served was not answered");
  const bool talks = std::ranges::any_of(healthy.front()->attempts.kept,
                                         [](const Attempt& attempt) { return attempt.sent > 0; });
  if (!talks) return undecided("nothing was said on the connection that was served");
  return std::nullopt;
}

// What is known of the last connection at the end.
std::string connection_text(const Trace& trace, const ScheduledAttempt& attempt) {
  const EventKind kind = met(attempt).kind;
  if (kind == EventKind::kDrop) return "connecting";
  if (kind == EventKind::kRefuse || kind == EventKind::kExhausted) return "none";
  if (let_go(trace, attempt)) return "closed";
  const Attempt* packets = packets_of(trace, attempt);
  return packets != nullptr && packets->ended_by == Side::kPeer ? "ended by the peer" : "open";
}

// It has nothing to wait for on the last attempt, and has another connection to a server: that may be all it wants.
bool has_another(const Trace& trace, const ScheduledAttempt& last) {
  const std::string connection = connection_text(trace, last);
  return connection != "open" && connection != "connecting" &&
         std::ranges::any_of(trace.scheduled, [&](const auto& attempt) {
           return is_served(attempt) && !let_go(trace, attempt);
         });
}

std::optional<Answer> look_at_controls(const Run& run, const Trace& trace) {
  for (const ScheduledAttempt* attempt : waited_for(trace)) {
    const Trace* single = single_event(run, met(*attempt));
    if (single == nullptr) return Answer{.what = Answer::What::kWanted, .wanted = met(*attempt)};
    if (single->ended.stop_reason == "interrupted")
      return undecided("the single-event phase was interrupted");
    if (reacted(run, *single)) continue;
    return undecided(fmt::format("the target waits, as it does after `{}` alone", print(met(*attempt))));
  }
  return std::nullopt;
}

Answer look(const Run& run, const Trace& trace) {
  if (ended_by_itself(trace) || trace.ended.stop_reason == "decided") return {};
  if (auto reason = unjudged_schedule(trace)) return undecided(std::move(*reason));
  const ScheduledAttempt* last = last_attempt(trace);
  if (last == nullptr) return undecided(no_attempt_reason());
  const Trace* refused = refused_control(run, last->destination);
  if (refused == nullptr) return undecided(not_run_reason(run, Phase::kRefused));
  if (refused->ended.stop_reason == "interrupted") return undecided("the refused phase was interrupted");
  if (!ended_by_itself(*refused) && refused->attempts.total < 2) {
    return undecided("the target neither ends nor tries again after a plain refusal either");
  }
  if (is_served(*last)) {
    if (auto answer = look_at_served(run, *last)) return std::move(*answer);
  } else if (has_another(trace, *last)) {
    return undecided("the target has another connection, which was served");
  }
  if (auto answer = look_at_controls(run, trace)) return std::move(*answer);
  const auto window = window_for(run, trace, *refused);
  const auto watched = watched_until(trace) - last->at;
  if (trace.ended.stop_reason != "blocked" && watched < window) {
    return undecided(fmt::format("the target was watched for {} after {}, and may need {}: {} would do",
                                 time_text(watched), met_text(*last), time_text(window),
                                 timeout_option(last->at + window)));
  }
  return {.what = Answer::What::kFound, .last = last, .single = single_event(run, met(*last))};
}

std::string idle_text(const Trace& trace, const ScheduledAttempt& last) {
  const std::string idle = time_text(watched_until(trace) - last.at);
  if (trace.ended.stop_reason != "blocked") return fmt::format("for {}", idle);
  return fmt::format("for {}, and all its threads wait without a time limit for what cannot come", idle);
}

std::string reaction_text(const Trace& control) {
  return ended_by_itself(control) ? ended_text(control.ended) : "goes on";
}

Finding convict_served(const Run& run, const Trace& trace, const ScheduledAttempt& last) {
  const Trace& healthy = *healthy_controls(run, last.destination).front();
  const PeerView peer = last.peer.value_or(PeerView{});
  const ScheduledAttempt* before = attempt_before(trace, last);
  const std::string what = peer.sent > 0
                               ? fmt::format("the answer, {}, was sent to it", bytes_text(peer.sent))
                               : std::string("it said nothing there");
  Finding finding = finding_in(
      trace, "hangs", Level::kError,
      fmt::format(
          "the target was served on attempt {}{}: {}; then it neither ended nor dialled again {}; with the "
          "server there from the start it {}",
          last.number, before == nullptr ? "" : fmt::format(", after {}", met_text(*before)), what,
          idle_text(trace, last), ended_text(healthy.ended)),
      {{"served_attempt", as_count(last.number)},
       {"connection", "served"},
       {"idle_ms", in_ms(watched_until(trace) - last.at)},
       {"stopped", trace.ended.stop_reason},
       {"sent_to_it_bytes", as_count(peer.sent)},
       {"healthy_ended", ended_text(healthy.ended)}});
  return about(std::move(finding), before == nullptr ? last : *before);
}

Finding convict(const Run& run, const Trace& trace, const Answer& answer) {
  const ScheduledAttempt& last = *answer.last;
  if (is_served(last)) return convict_served(run, trace, last);
  const Trace& refused = *refused_control(run, last.destination);
  Evidence evidence = {{"connection", connection_text(trace, last)},
                       {"idle_ms", in_ms(watched_until(trace) - last.at)},
                       {"stopped", trace.ended.stop_reason},
                       {"refused_ended", ended_text(refused.ended)}};
  std::string otherwise = fmt::format("after a plain refusal it {}", reaction_text(refused));
  if (answer.single != nullptr) {
    otherwise = fmt::format("after `{}` alone it {}", print(met(last)), reaction_text(*answer.single));
    evidence.emplace_back("control", print(answer.single->schedule));
    evidence.emplace_back("control_ended", ended_text(answer.single->ended));
  }
  if (met(last).kind == EventKind::kSelf) {
    if (auto line = self_connection_line(trace); !line.empty())
      evidence.emplace_back("socket", std::move(line));
  }
  return about(finding_in(trace, "hangs", Level::kError,
                          fmt::format("the target neither ended nor dialled again after {} {}; {}",
                                      met_text(last), idle_text(trace, last), otherwise),
                          std::move(evidence)),
               last);
}

}  // namespace

void judge_scheduled_hang(const Run& run, const Trace& trace, Tally& tally) {
  Answer answer = look(run, trace);
  switch (answer.what) {
    case Answer::What::kClear:
      return tally.clear();
    case Answer::What::kUndecided:
      return tally.undecided(std::move(answer.reason));
    case Answer::What::kWanted:
      return tally.undecided(fmt::format("needs the control `{} serve`", print(answer.wanted)));
    case Answer::What::kFound:
      return tally.found(convict(run, trace, answer));
  }
}

std::optional<Event> wanted_control(const Run& run) {
  const Trace* trace = schedule_trace(run);
  if (trace == nullptr) return std::nullopt;
  Answer answer = look(run, *trace);
  if (answer.what != Answer::What::kWanted) return std::nullopt;
  return std::move(answer.wanted);
}

}  // namespace selfconnect
