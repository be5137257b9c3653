// Hand-written traces for the rules' tests: each call says one thing that was observed, in order of time.
// SPDX-License-Identifier: MIT
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/judge/finding.h"
#include "harness/judge/rule.h"
#include "harness/trace/trace.h"

namespace selfconnect {

using namespace std::chrono_literals;

inline const Endpoint kServer = {Address::v4({127, 0, 0, 1}), 50000};
inline const Endpoint kOtherServer = {Address::v4({127, 0, 0, 1}), 50002};

class TraceBuilder {
 public:
  explicit TraceBuilder(Phase phase) {
    trace_.phase = phase;
    trace_.timeout = 10s;
    trace_.forced = !is_control(phase);
    const bool scheduled = phase == Phase::kSchedule || phase == Phase::kSingleEvent;
    if (phase != Phase::kRefused && !scheduled) trace_.destination = kServer;
    stopped("timeout", 10s);
  }

  // Attempts, 50 us until they are decided.
  TraceBuilder& refused(Instant at, const Endpoint& to = kServer) { return add(at, Outcome::kRefused, to); }
  TraceBuilder& self_connected(Instant at, std::string sent = {}, const Endpoint& to = kServer) {
    add(at, Outcome::kSelfConnected, to);
    last().source = to;
    return says(std::move(sent));
  }
  TraceBuilder& accepted(Instant at, std::string sent = {}, const Endpoint& to = kServer) {
    add(at, Outcome::kAccepted, to);
    return says(std::move(sent));
  }
  TraceBuilder& pending(Instant at) {
    add(at, Outcome::kPending, kServer);
    last().decided_at.reset();
    return *this;
  }
  TraceBuilder& refused_each(Instant from, Instant step, std::size_t count, const Endpoint& to = kServer) {
    for (std::size_t i = 0; i < count; ++i) refused(from + step * static_cast<int>(i), to);
    return *this;
  }
  // An attempt under the schedule meets the event of that text, and shows in the packets as it would; `seen` by the far end are
  // bytes received and sent.
  TraceBuilder& meets(Instant at, std::string_view event, PeerView seen = {}, const Endpoint& to = kServer) {
    ScheduledAttempt& attempt = trace_.scheduled.emplace_back();
    attempt.number = ++scheduled_[to];
    attempt.destination = to;
    attempt.event = parse_schedule(std::string(event).append(" serve")).value().entries.front().event;
    attempt.at = at;
    const EventKind kind = attempt.event.kind;
    if (kind == EventKind::kExhausted) return *this;
    attempt.source_port =
        kind == EventKind::kSelf ? to.port : static_cast<std::uint16_t>(42000 + attempt.number);
    if (kind == EventKind::kSelf) return self_connected(at, {}, to);
    if (is_accepted(kind)) attempt.peer = std::move(seen);
    add(at,
        is_accepted(kind)          ? Outcome::kAccepted
        : kind == EventKind::kDrop ? Outcome::kPending
                                   : Outcome::kRefused,
        to);
    if (kind == EventKind::kDrop) last().decided_at.reset();
    last().source.port = attempt.source_port;
    return *this;
  }
  TraceBuilder& meets_refusals(Instant from, Instant step, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) meets(from + step * static_cast<int>(i), "refuse");
    return *this;
  }
  // The last attempt under the schedule was refused instead, for attempt `by` holds the port.
  TraceBuilder& held(std::uint64_t by) {
    trace_.scheduled.back().instead = "the port is held";
    trace_.scheduled.back().held_by = by;
    trace_.scheduled.back().peer.reset();
    return *this;
  }
  // What the target sent in the last attempt.
  TraceBuilder& said(std::string sent) { return says(std::move(sent)); }

  // Attempts of which no details are kept.
  TraceBuilder& uncounted(std::uint64_t count, const Endpoint& to = kServer) {
    numbers_[to] += count;
    trace_.attempts.total += count;
    trace_.attempts.refused += count;
    return *this;
  }

  // About the last attempt.
  TraceBuilder& closed(Ending ending, Instant at, Side by = Side::kTarget) {
    last().ending = ending;
    last().ended_at = at;
    last().ended_by = by;
    return *this;
  }
  TraceBuilder& from(const Endpoint& source) {
    last().source = source;
    return *this;
  }
  TraceBuilder& secret(std::size_t index, std::string encoding, std::uint64_t offset) {
    last().secrets.push_back({index, std::move(encoding), offset});
    return *this;
  }

  TraceBuilder& exited(int code, Instant at) { return ended({Ended::How::kExit, code, at, ""}); }
  TraceBuilder& crashed(int signal, Instant at) { return ended({Ended::How::kSignal, signal, at, ""}); }
  TraceBuilder& stopped(std::string reason, Instant at) {
    ended({Ended::How::kStopped, 0, at, std::move(reason)});
    trace_.stop_signal_at = at;
    return *this;
  }

  TraceBuilder& out(std::string text) {
    trace_.out = {.head = text, .tail = "", .total = text.size()};
    return *this;
  }
  TraceBuilder& err(std::string text) {
    trace_.err = {.head = text, .tail = "", .total = text.size()};
    return *this;
  }
  TraceBuilder& unforced(Instant at) {
    trace_.unforced_at = at;
    return *this;
  }
  TraceBuilder& server(ServerEvent::What what, Instant at) {
    trace_.server.push_back({at, what, ""});
    return *this;
  }
  TraceBuilder& bind_works(Instant at) {
    trace_.bind_tries.push_back({.at = at, .endpoint = kServer, .target_alive = true});
    return *this;
  }
  // inode 0 makes it a TIME_WAIT entry.
  TraceBuilder& bind_blocked(Instant at, std::uint32_t inode, bool target_alive = true) {
    const auto state = inode == 0 ? TcpState::kTimeWait : TcpState::kEstablished;
    SocketLine line{.at = at, .state = state, .local = kServer, .remote = kServer, .inode = inode};
    trace_.bind_tries.push_back(
        {.at = at, .endpoint = kServer, .error = EADDRINUSE, .target_alive = target_alive, .blocker = line});
    return *this;
  }
  TraceBuilder& sample(ProcessSample sample) {
    if (sample.pid == 0) sample.pid = 4242;
    if (sample.name.empty()) sample.name = "client";
    trace_.samples.push_back(std::move(sample));
    return *this;
  }
  TraceBuilder& left_behind(std::vector<std::string> names) {
    trace_.left_behind = std::move(names);
    return *this;
  }

  [[nodiscard]] Attempt& last() { return trace_.attempts.kept.back(); }
  [[nodiscard]] Trace& trace() { return trace_; }
  operator Trace() const { return trace_; }  // NOLINT: a builder is its trace

 private:
  TraceBuilder& add(Instant at, Outcome outcome, const Endpoint& to) {
    AttemptLog& log = trace_.attempts;
    ++log.total;
    log.refused += outcome == Outcome::kRefused ? 1 : 0;
    log.self_connected += outcome == Outcome::kSelfConnected ? 1 : 0;
    log.accepted += outcome == Outcome::kAccepted ? 1 : 0;
    log.pending += outcome == Outcome::kPending ? 1 : 0;
    if (!log.first_at) log.first_at = at;
    log.last_at = at;
    log.kept.push_back({.number = ++numbers_[to],
                        .source = {to.address, 41001},
                        .destination = to,
                        .at = at,
                        .outcome = outcome,
                        .decided_at = at + 50us});
    return *this;
  }
  TraceBuilder& says(std::string sent) {
    if (sent.empty()) return *this;
    last().sent = sent.size();
    last().first_sent_at = last().at + 1ms;
    last().sent_head = std::move(sent);
    return *this;
  }
  TraceBuilder& ended(Ended how) {
    trace_.ended = std::move(how);
    trace_.stop_signal_at.reset();
    return *this;
  }

  Trace trace_;
  std::map<Endpoint, std::uint64_t> numbers_;
  std::map<Endpoint, std::uint64_t> scheduled_;
};

inline PeerView peer_saw(std::uint64_t received, std::uint64_t sent) {
  PeerView view{.moves = {}, .received = received, .sent = sent};
  if (received > 0) view.moves.push_back({.what = PeerMove::What::kReceived, .bytes = received});
  if (sent > 0) view.moves.push_back({.what = PeerMove::What::kSent, .bytes = sent});
  return view;
}

inline TraceBuilder under(std::string_view schedule, Phase phase = Phase::kSchedule) {
  TraceBuilder builder(phase);
  builder.trace().schedule = parse_schedule(schedule).value();
  return builder;
}

inline Run run_of(std::vector<Trace> traces) {
  Run run;
  run.traces = std::move(traces);
  return run;
}

// A one-shot's and a reconnector's control.
inline TraceBuilder one_shot_control() { return TraceBuilder(Phase::kRefused).refused(1ms).exited(1, 3ms); }
inline TraceBuilder reconnector_control() {
  return TraceBuilder(Phase::kRefused).refused_each(1ms, 500ms, 20).stopped("decided", 9600ms);
}

inline RuleOutcome judge_by(std::string_view rule, const Run& run) { return find_rule(rule)->judge(run); }

// PASS: `outcome` is Clear. FAIL prints what it is instead.
MATCHER(IsClear, "is clear") {
  if (const auto* open = std::get_if<NotJudged>(&arg)) *result_listener << "not judged: " << open->reason;
  if (const auto* found = std::get_if<Findings>(&arg))
    *result_listener << "found: " << found->front().message;
  return std::holds_alternative<Clear>(arg);
}
MATCHER_P(IsNotJudged, words, "is not judged, for \"" + std::string(words) + "\"") {
  if (std::holds_alternative<Clear>(arg)) *result_listener << "clear";
  if (const auto* found = std::get_if<Findings>(&arg))
    *result_listener << "found: " << found->front().message;
  const auto* open = std::get_if<NotJudged>(&arg);
  if (open == nullptr) return false;
  *result_listener << "not judged: " << open->reason;
  return open->reason.find(words) != std::string::npos;
}
// PASS: `outcome` is found, and the first message contains `words`.
MATCHER_P(IsFound, words, "is found, with \"" + std::string(words) + "\"") {
  if (std::holds_alternative<Clear>(arg)) *result_listener << "clear";
  if (const auto* open = std::get_if<NotJudged>(&arg)) *result_listener << "not judged: " << open->reason;
  const auto* found = std::get_if<Findings>(&arg);
  if (found == nullptr) return false;
  *result_listener << "found: " << found->front().message;
  return found->front().message.find(words) != std::string::npos;
}

inline const Finding& first_finding(const RuleOutcome& outcome) {
  return std::get<Findings>(outcome).front();
}

template <class T>
T evidence_of(const Finding& finding, std::string_view key) {
  for (const auto& [name, value] : finding.evidence) {
    if (name == key) return std::get<T>(value);
  }
  ADD_FAILURE() << finding.rule << " has no evidence " << key;
  return T{};
}

}  // namespace selfconnect
