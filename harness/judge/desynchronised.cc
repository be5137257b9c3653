// Rule desynchronised: the conversation with the real server starts wrongly after a self-connection.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "desynchronised";
constexpr std::size_t kHealthyConnections = 3;
constexpr std::size_t kTellingBytes = 4;  // shared with the healthy start by chance: hardly

struct Healthy {
  std::size_t connections = 0;
  std::string prefix;  // of all of them
};

Healthy healthy_start(const Run& run, const Endpoint& destination) {
  Healthy healthy;
  for (const Trace* trace : traces_of(run, {Phase::kHealthy})) {
    for (const Attempt& attempt : trace->attempts.kept) {
      if (attempt.outcome != Outcome::kAccepted || attempt.destination != destination) continue;
      if (healthy.connections++ == 0) healthy.prefix = attempt.sent_head;
      const auto differ = std::ranges::mismatch(healthy.prefix, attempt.sent_head);
      healthy.prefix.erase(differ.in1, healthy.prefix.end());
    }
  }
  return healthy;
}

std::size_t shared_length(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

// How many of the first bytes of `stream` were written to an earlier connection and stand before the healthy
// start; 0 when none do.
std::size_t left_over(std::string_view stream, std::string_view prefix,
                      const std::vector<const Attempt*>& earlier) {
  for (std::size_t length = 1; length < stream.size(); ++length) {
    const std::string_view rest = stream.substr(length);
    const bool starts = shared_length(rest, prefix) == std::min(rest.size(), prefix.size());
    if (!starts || rest.size() < std::min(kTellingBytes, prefix.size())) continue;
    const bool echoed = std::ranges::any_of(earlier, [&](const Attempt* attempt) {
      return attempt->sent_head.find(stream.substr(0, length)) != std::string::npos;
    });
    if (echoed) return length;
  }
  return 0;
}

// A correct client may count its connections or tell the time: a stream that starts like the healthy ones
// and then differs, or differs in a digit only, proves nothing.
bool may_be_counter(std::string_view stream, std::string_view prefix, std::size_t shared) {
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  return shared >= kTellingBytes || shared * 2 >= prefix.size() ||
         (shared > 0 && digit(stream[shared]) && digit(prefix[shared]));
}

bool written_before(std::string_view start, const std::vector<const Attempt*>& earlier) {
  return std::ranges::any_of(
      earlier, [&](const Attempt* attempt) { return attempt->sent_head.find(start) != std::string::npos; });
}

Finding convict(const Trace& trace, const Attempt& recovered, const Healthy& healthy, std::size_t left,
                const std::vector<const Attempt*>& earlier) {
  const std::string_view stream = recovered.sent_head;
  const std::size_t shared = shared_length(stream, healthy.prefix);
  const bool echoed =
      left > 0 || written_before(stream.substr(0, std::min(stream.size(), kTellingBytes)), earlier);
  const bool to_itself = std::ranges::all_of(
      earlier, [](const Attempt* attempt) { return attempt->outcome == Outcome::kSelfConnected; });
  const std::string_view whither = to_itself ? "to itself" : "to an earlier connection";
  std::string how = fmt::format("it differs from byte {} on", shared);
  if (left > 0) {
    how = fmt::format("{} that it had written {} before come first", bytes_text(left), whither);
  } else if (echoed) {
    how = fmt::format("it begins with bytes that it had written {} before", whither);
  }
  return finding_in(
      trace, kId, Level::kError,
      fmt::format(
          "the target started its conversation with the real server wrongly on attempt {}: {}; {} healthy "
          "connections all start with the same {}",
          recovered.number, how, healthy.connections, bytes_text(healthy.prefix.size())),
      {{"attempt", as_count(recovered.number)},
       {"recovered", excerpt(recovered.sent_head, recovered.sent)},
       {"healthy", excerpt(healthy.prefix, healthy.prefix.size())},
       {"healthy_connections", static_cast<std::int64_t>(healthy.connections)},
       {"differs_at", static_cast<std::int64_t>(shared)},
       {"left_over_bytes", static_cast<std::int64_t>(left)},
       {"starts_with_own_bytes", echoed}});
}

const Attempt* first_recovered(const Trace& trace, const Attempt& own) {
  for (const Attempt& attempt : trace.attempts.kept) {
    if (attempt.outcome == Outcome::kAccepted && attempt.destination == own.destination &&
        attempt.at > own.at) {
      return &attempt;
    }
  }
  return nullptr;
}

// A request that the peer took before it failed may be done for good; what follows it is the next one.
bool may_go_on(const std::vector<const Attempt*>& earlier) {
  return std::ranges::any_of(earlier, [](const Attempt* attempt) {
    return attempt->outcome == Outcome::kAccepted && attempt->sent > 0;
  });
}

void judge_stream(const Run& run, const Trace& trace, const Attempt* recovered,
                  const std::vector<const Attempt*>& earlier, Tally& tally) {
  if (recovered == nullptr) return tally.undecided("no recovered connection");
  const Healthy healthy = healthy_start(run, recovered->destination);
  if (healthy.connections == 0 && traces_of(run, {Phase::kHealthy}).empty()) {
    return tally.undecided(not_run_reason(run, Phase::kHealthy));
  }
  if (healthy.connections < kHealthyConnections) {
    return tally.undecided(fmt::format("{} to compare with, and three are needed",
                                       count_text(healthy.connections, "healthy connection")));
  }
  if (healthy.prefix.empty()) {
    return tally.undecided(
        "healthy connections do not start alike (the target is silent, or it is TLS or counters)");
  }
  const std::string_view stream = recovered->sent_head;
  if (stream.empty()) return tally.undecided("the recovered connection sent nothing");
  const std::size_t shared = shared_length(stream, healthy.prefix);
  if (shared == std::min(stream.size(), healthy.prefix.size())) return tally.clear();
  const std::size_t left = left_over(stream, healthy.prefix, earlier);
  if (left == 0 && may_be_counter(stream, healthy.prefix, shared)) {
    return tally.undecided(
        fmt::format("the recovered connection starts like the healthy ones and differs from byte {} on, as "
                    "counters and times do",
                    shared));
  }
  if (left == 0 && may_go_on(earlier)) {
    return tally.undecided("an earlier connection took what it sent: it may go on behind that");
  }
  Finding finding = convict(trace, *recovered, healthy, left, earlier);
  const ScheduledAttempt* served =
      trace.phase == Phase::kSchedule ? scheduled_of(trace, *recovered) : nullptr;
  const ScheduledAttempt* before = served == nullptr ? nullptr : attempt_before(trace, *served);
  if (before != nullptr) {
    finding = about(std::move(finding), *before);
    finding.evidence.emplace_back("served_attempt", as_count(served->number));
  }
  tally.found(std::move(finding));
}

void judge_recover(const Run& run, const Trace& trace, Tally& tally) {
  const auto own = self_connections(trace);
  judge_stream(run, trace, first_recovered(trace, *own.front()), own, tally);
}

// The first connection of the quiet window, against all that the target had sent before.
void judge_schedule(const Run& run, const Trace& trace, const Endpoint& destination, Tally& tally) {
  const auto served = std::ranges::find_if(trace.scheduled, [&](const ScheduledAttempt& attempt) {
    return attempt.destination == destination && in_quiet_window(trace, attempt);
  });
  if (served == trace.scheduled.end()) return tally.undecided("no attempt was served in the quiet window");
  if (attempt_before(trace, *served) == nullptr) return tally.undecided("the first attempt was served");
  const Attempt* recovered = packets_of(trace, *served);
  if (recovered == nullptr) return tally.undecided("no recovered connection");
  std::vector<const Attempt*> earlier;
  for (const Attempt& attempt : trace.attempts.kept) {
    if (attempt.destination == destination && attempt.at < recovered->at) earlier.push_back(&attempt);
  }
  judge_stream(run, trace, recovered, earlier, tally);
}

RuleOutcome judge(const Run& run) {
  if (auto reason = no_payload_reason(run)) return NotJudged{std::move(*reason)};
  Tally tally;
  for (const Trace* trace : traces_of(run, {Phase::kRecover})) {
    if (!self_connections(*trace).empty()) judge_recover(run, *trace, tally);
  }
  if (const Trace* trace = schedule_trace(run)) {
    if (trace->scheduled.empty()) return NotJudged{no_attempt_reason()};
    std::set<Endpoint> destinations;
    for (const ScheduledAttempt& attempt : trace->scheduled) destinations.insert(attempt.destination);
    for (const Endpoint& destination : destinations) judge_schedule(run, *trace, destination, tally);
  }
  return std::move(tally).outcome(no_self_connection_reason(run, Phase::kRecover));
}

}  // namespace

Rule desynchronised() {
  return {
      .id = kId,
      .level = Level::kError,
      .summary = "starts its recovered conversation wrongly",
      .why =
          "State of the self-connection (a half-sent request, a buffered echo, a handshake counted as done) "
          "survived into the real connection. The server sees a broken client, or worse, takes the wrong "
          "bytes for a request.",
      .decided =
          "What the target first sends to the real server after a self-connection is held against what at "
          "least three healthy connections share. Bytes of the self-connection before that start, or a start "
          "of its own, are found; a shorter stream is clear, and one that starts alike and differs later is "
          "not judged. Under a schedule likewise, with the first connection of the quiet window and all "
          "before it.",
      .remedy =
          "Throw away every buffer, queue, parser and handshake state with the connection it belongs to; "
          "make them members of the connection's object, and a new object per attempt.",
      .judge = judge};
}

}  // namespace selfconnect
