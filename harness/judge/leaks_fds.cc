// Rule leaks-fds: each attempt leaves a descriptor behind.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "harness/judge/evidence.h"
#include "harness/judge/growth.h"
#include "harness/judge/observed.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/scheduled_rules.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "leaks-fds";
constexpr double kLeastTotal = 3;
constexpr double kLeastPerAttempt = 0.25;

bool is_leak(const Growth& growth) {
  return growth.steady && !growth.slowing && growth.total() >= kLeastTotal &&
         growth.per_attempt() >= kLeastPerAttempt && growth.last_at - growth.first_at >= kLeastSpan;
}

Finding convict(const Trace& trace, const Growth& growth) {
  Finding finding = finding_in(trace, kId, Level::kError,
                               fmt::format("the target holds more file descriptors with each attempt: {} "
                                           "(pid {}) went from {:.0f} to {:.0f} over {}, {:.2f} for each, "
                                           "connections in use not counted",
                                           growth.name, growth.pid, growth.first, growth.last,
                                           count_text(growth.attempts, "attempt"), growth.per_attempt()),
                               {{"process", growth.name},
                                {"pid", static_cast<std::int64_t>(growth.pid)},
                                {"descriptors_first", static_cast<std::int64_t>(growth.first)},
                                {"descriptors_last", static_cast<std::int64_t>(growth.last)},
                                {"attempts", as_count(growth.attempts)},
                                {"per_attempt", growth.per_attempt()},
                                {"windows", static_cast<std::int64_t>(growth.windows)},
                                {"from_ms", in_ms(growth.first_at)},
                                {"to_ms", in_ms(growth.last_at)}});
  finding.counted = true;  // a leak needs no self-connection to be one
  return finding;
}

// Connections that were accepted and of which no details are kept cannot be taken off the count.
bool knows_all_connections(const Trace& trace) {
  std::uint64_t kept = 0;
  for (const Attempt& attempt : trace.attempts.kept) kept += attempt.outcome == Outcome::kAccepted ? 1 : 0;
  return kept >= trace.attempts.accepted;
}

RuleOutcome judge(const Run& run) {
  Tally tally;
  for (const Trace& trace : run.traces) {
    if (trace.phase == Phase::kSchedule) judge_scheduled_sockets(run, trace, tally);
    if (has_schedule(trace.phase) || !knows_all_connections(trace)) continue;
    const auto growths = measure_growth(trace, [&](const ProcessSample& sample) {
      return static_cast<double>(sample.descriptors) -
             static_cast<double>(open_connections(trace, sample.at));
    });
    for (const Growth& growth : growths) {
      if (is_leak(growth)) {
        tally.found(convict(trace, growth), growth.name);
      } else {
        tally.clear();
      }
    }
  }
  return std::move(tally).outcome(
      "too few attempts to one destination, or samples of the process, in any phase");
}

}  // namespace

Rule leaks_fds() {
  return {.id = kId,
          .level = Level::kError,
          .summary = "holds more descriptors with each attempt",
          .why =
              "A client that keeps one socket per failed attempt runs into its descriptor limit while the "
              "server is away, and then can open neither a connection nor a file until it is restarted.",
          .decided =
              "Descriptors in /proc, less the connections in use, taken over at least six attempts to one "
              "destination; the first quarter is warm-up, the rest is cut into windows, and the least sample "
              "of each must grow from window to window, by three or more in all and one for every four "
              "attempts, without slowing down. Links opened in one burst, and a pool that fills up, do not. "
              "Under a schedule: sockets of attempts that had ended are open when it talks to the server.",
          .remedy =
              "Close the socket on every way out of a failed attempt: refused, timed out, self-connected, "
              "and failed after the connection was up. Let a RAII type own it.",
          .judge = judge};
}

}  // namespace selfconnect
