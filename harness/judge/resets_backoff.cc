// Rule resets-backoff: a self-connection makes the target's retry interval start anew.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "harness/judge/backoff.h"
#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/retry.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "resets-backoff";
constexpr std::size_t kFailuresBefore = 2;

struct Collapse {
  Wait wait;
  std::chrono::nanoseconds expected{};
  std::size_t failures = 0;
};

struct Answer {
  std::size_t eligible = 0;  // waits after a self-connection, late enough to tell
  std::vector<Collapse> collapsed;
};

Answer compare(const Trace& trace, const Endpoint& destination, const Backoff& backoff) {
  Answer answer;
  const auto waits = waits_between(trace, destination, backoff.intervals.front());
  for (std::size_t failures = kFailuresBefore; failures < waits.size(); ++failures) {
    if (!waits[failures].after_self_connection) continue;
    ++answer.eligible;
    const auto expected = backoff.expected(failures);
    if (waits[failures].length < expected / 2)
      answer.collapsed.push_back({waits[failures], expected, failures});
  }
  return answer;
}

Finding convict(const Trace& trace, const Endpoint& destination, const Answer& answer) {
  const Collapse& last = answer.collapsed.back();
  Finding finding = finding_in(trace, kId, Level::kWarning,
                               fmt::format("the target's retry interval starts anew when it connects to "
                                           "itself: it waited {} after attempt {}, where {} refusals in a "
                                           "row make it wait {}",
                                           time_text(last.wait.length), last.wait.attempt, last.failures + 1,
                                           time_text(last.expected)),
                               {{"attempt", as_count(last.wait.attempt)},
                                {"interval_ms", in_ms(last.wait.length)},
                                {"refused_interval_ms", in_ms(last.expected)},
                                {"collapsed", static_cast<std::int64_t>(answer.collapsed.size())},
                                {"compared", static_cast<std::int64_t>(answer.eligible)}});
  finding.destination = destination;
  return finding;
}

RuleOutcome judge(const Run& run) {
  if (schedule_trace(run) != nullptr) return NotJudged{unasked_reason()};
  Tally tally;
  bool self_connected = false;
  for (const Trace* trace : forced_traces(run)) {
    const auto own = self_connections(*trace);
    if (own.empty()) continue;
    self_connected = true;
    const Endpoint destination = own.front()->destination;
    const Trace* control = refused_control(run, destination);
    if (control == nullptr) return NotJudged{not_run_reason(run, Phase::kRefused)};
    const auto backoff = observe_backoff(retry_intervals(*control, destination));
    if (const auto* reason = std::get_if<std::string>(&backoff)) {
      tally.undecided(*reason);
      continue;
    }
    const Answer answer = compare(*trace, destination, std::get<Backoff>(backoff));
    if (answer.eligible == 0) continue;
    const bool found = answer.collapsed.size() * 2 >= answer.eligible && !answer.collapsed.empty();
    if (found) {
      tally.found(convict(*trace, destination, answer), destination.text());
    } else {
      tally.clear();
    }
  }
  return std::move(tally).outcome(self_connected
                                      ? "the target did not connect to itself again after two waits"
                                      : no_self_connection_reason(run));
}

}  // namespace

Rule resets_backoff() {
  return {
      .id = kId,
      .level = Level::kWarning,
      .summary = "starts its backoff anew after a self-connection",
      .why =
          "A TCP connection that came up is no proof of a server. A client that resets its backoff on it "
          "dials at full pace for as long as it self-connects, hammering the port that the server needs.",
      .decided =
          "Where refusals make the target wait longer and longer, at least half of its waits after a "
          "self-connection, from the third wait on, are less than half of what it waits at the same point "
          "after refusals. Jitter of a quarter stays above that; a guard that redials at once is looked "
          "through.",
      .remedy =
          "Reset the backoff only after proof of a real peer: the server's greeting, the first valid reply, "
          "a completed TLS handshake (gRPC resets only after the server's SETTINGS frame).",
      .judge = judge};
}

}  // namespace selfconnect
