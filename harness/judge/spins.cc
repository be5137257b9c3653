// Rule spins: the target uses a whole core, or dials as fast as it can, without backing off.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/judge/dial_rate.h"
#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "spins";
constexpr std::chrono::milliseconds kLeastTime{500};
constexpr double kCore = 0.8;
constexpr double kFastDialling = 100;       // attempts a second to one destination
constexpr double kFastWhateverElse = 1000;  // no number of links that each back off explains this
constexpr std::uint64_t kMuchOutput = 1024 * 1024;

struct Busy {
  const ProcessSample* from = nullptr;
  const ProcessSample* to = nullptr;

  [[nodiscard]] double share() const {
    return static_cast<double>((to->cpu - from->cpu).count()) /
           static_cast<double>((to->at - from->at).count());
  }
};

// With a real peer connected, computing may be the target's work.
bool peer_connected(const Trace& trace, Instant from, Instant to) {
  return std::ranges::any_of(trace.attempts.kept, [&](const Attempt& attempt) {
    return attempt.outcome == Outcome::kAccepted && attempt.at <= to &&
           (!attempt.ended_at || *attempt.ended_at >= from);
  });
}

// Of the windows of half a second or a little more, the busiest one in which the core counts.
std::optional<Busy> busiest(const Trace& trace) {
  std::map<std::int32_t, std::vector<const ProcessSample*>> processes;
  for (const ProcessSample& sample : trace.samples) {
    const bool dialled = trace.attempts.first_at && sample.at >= *trace.attempts.first_at;
    if (dialled && sample.at <= watched_until(trace)) processes[sample.pid].push_back(&sample);
  }
  std::optional<Busy> best;
  for (const auto& [pid, samples] : processes) {
    auto to = samples.begin();
    for (const ProcessSample* from : samples) {
      to = std::find_if(to, samples.end(), [&](auto* sample) { return sample->at >= from->at + kLeastTime; });
      if (to == samples.end()) break;
      const Busy busy{from, *to};
      if (peer_connected(trace, from->at, (*to)->at)) continue;
      if (!best || busy.share() > best->share()) best = busy;
    }
  }
  return best;
}

void judge_cpu(const Trace& trace, Tally& tally) {
  if (trace.out.total + trace.err.total > kMuchOutput) return;
  const auto busy = busiest(trace);
  if (!busy || busy->share() < kCore) return;
  Finding finding =
      finding_in(trace, kId, Level::kWarning,
                 fmt::format("the target kept {:.0f} % of a processor core busy for {} while no server was "
                             "connected: {} (pid {}), {} by then",
                             busy->share() * 100, time_text(busy->to->at - busy->from->at), busy->to->name,
                             busy->to->pid, count_text(busy->to->attempts, "attempt")),
                 {{"process", busy->to->name},
                  {"pid", static_cast<std::int64_t>(busy->to->pid)},
                  {"cpu_share", busy->share()},
                  {"cpu_ms", in_ms(busy->to->cpu - busy->from->cpu)},
                  {"from_ms", in_ms(busy->from->at)},
                  {"to_ms", in_ms(busy->to->at)}});
  finding.counted = true;  // a busy loop needs no self-connection to be one
  tally.found(std::move(finding), "cpu");
}

bool without_backoff(const DialRate& rate) {
  if (rate.duration < kLeastTime || rate.late < kFastDialling) return false;
  return rate.late >= rate.early / 2 || rate.late >= kFastWhateverElse;
}

void judge_dialling(const Trace& trace, Tally& tally) {
  if (trace.attempts.accepted * 2 > trace.attempts.total) return;  // served connections, not retries
  std::set<Endpoint> destinations;
  for (const Attempt& attempt : trace.attempts.kept) destinations.insert(attempt.destination);
  for (const Endpoint& destination : destinations) {
    const auto rate = dial_rate(trace, destination);
    if (!rate || !without_backoff(*rate)) continue;
    Finding finding = finding_in(
        trace, kId, Level::kWarning,
        fmt::format("the target dialled {} without backing off: {} in {}, still {:.0f} a second at the end",
                    destination.text(), count_text(rate->attempts, "attempt"), time_text(rate->duration),
                    rate->late),
        {{"attempts", as_count(rate->attempts)},
         {"duration_ms", in_ms(rate->duration)},
         {"early_per_second", rate->early},
         {"late_per_second", rate->late}});
    finding.destination = destination;
    finding.counted = true;
    tally.found(std::move(finding), "dials " + destination.text());
  }
}

RuleOutcome judge(const Run& run) {
  Tally tally;
  for (const Trace& trace : run.traces) {
    if (trace.attempts.total == 0 || has_schedule(trace.phase)) continue;
    tally.clear();
    judge_cpu(trace, tally);
    judge_dialling(trace, tally);
  }
  return std::move(tally).outcome("the target made no attempt in any phase that shows it");
}

}  // namespace

Rule spins() {
  return {.id = kId,
          .level = Level::kWarning,
          .summary = "uses a whole core, or dials without backing off",
          .why =
              "A refused or self-connected attempt costs microseconds. A client that retries at once burns a "
              "core while its server is away, floods logs, and makes a self-connection on an ephemeral port "
              "a matter of a fraction of a second instead of hours.",
          .decided =
              "80 % of a core over half a second after the first attempt, with no real peer connected and no "
              "more than 1 MiB of output; or 100 attempts a second to one destination over half a second, "
              "with no sign of slowing down. Many links opened at once that then back off slow down.",
          .remedy =
              "Wait between attempts: exponential backoff with jitter and a cap (gRPC: 1 s, times 1.6, up to "
              "120 s, jitter 0.2). Wait for readiness with poll() or epoll instead of looping on a "
              "non-blocking socket; treat a read of 0 bytes as the end.",
          .judge = judge};
}

}  // namespace selfconnect
