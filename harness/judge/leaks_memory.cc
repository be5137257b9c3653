// Rule leaks-memory: each attempt leaves resident memory behind.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "harness/judge/evidence.h"
#include "harness/judge/growth.h"
#include "harness/judge/observed.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "leaks-memory";
constexpr double kLeastTotal = 1024 * 1024;
constexpr double kLeastPerAttempt = 4096;
constexpr double kLeastShare = 0.125;  // of what it held: heaps of run-times with a collector breathe

bool is_leak(const Trace& trace, const Growth& growth) {
  // Each open connection may have buffers of its own.
  if (open_connections(trace, growth.last_at) > open_connections(trace, growth.first_at) + 1) return false;
  return growth.steady && !growth.slowing &&
         growth.total() >= std::max(kLeastTotal, growth.first * kLeastShare) &&
         growth.per_attempt() >= kLeastPerAttempt && growth.last_at - growth.first_at >= kLeastSpan;
}

Finding convict(const Trace& trace, const Growth& growth) {
  Finding finding = finding_in(
      trace, kId, Level::kWarning,
      fmt::format("the target holds more memory with each attempt: {} (pid {}) went from {} to {} over {}, "
                  "{} for each",
                  growth.name, growth.pid, bytes_text(static_cast<std::uint64_t>(growth.first)),
                  bytes_text(static_cast<std::uint64_t>(growth.last)), count_text(growth.attempts, "attempt"),
                  bytes_text(static_cast<std::uint64_t>(growth.per_attempt()))),
      {{"process", growth.name},
       {"pid", static_cast<std::int64_t>(growth.pid)},
       {"resident_bytes_first", static_cast<std::int64_t>(growth.first)},
       {"resident_bytes_last", static_cast<std::int64_t>(growth.last)},
       {"attempts", as_count(growth.attempts)},
       {"bytes_per_attempt", growth.per_attempt()},
       {"windows", static_cast<std::int64_t>(growth.windows)},
       {"from_ms", in_ms(growth.first_at)},
       {"to_ms", in_ms(growth.last_at)}});
  finding.counted = true;  // a leak needs no self-connection to be one
  return finding;
}

RuleOutcome judge(const Run& run) {
  Tally tally;
  for (const Trace& trace : run.traces) {
    if (has_schedule(trace.phase)) continue;  // each event has buffers of its own
    const auto growths = measure_growth(
        trace, [](const ProcessSample& sample) { return static_cast<double>(sample.resident_bytes); });
    for (const Growth& growth : growths) {
      if (is_leak(trace, growth)) {
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

Rule leaks_memory() {
  return {.id = kId,
          .level = Level::kWarning,
          .summary = "holds more memory with each attempt",
          .why =
              "While its server is away a client may try for days. Memory kept per attempt then adds up "
              "until the kernel ends the program, or a neighbour.",
          .decided =
              "As leaks-fds, with resident memory: the least sample of each window grows from window to "
              "window, by 1 MiB, an eighth of what was held and 4 KiB an attempt at least, and does not slow "
              "down as a warm-up does, while no more connections are open than before.",
          .remedy =
              "Free what belongs to an attempt (buffers, TLS state, log context) when the attempt ends. Run "
              "the client under LeakSanitizer or heaptrack in the same phase: a leaked attempt shows at "
              "once.",
          .judge = judge};
}

}  // namespace selfconnect
