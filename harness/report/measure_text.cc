// SPDX-License-Identifier: MIT
#include "harness/report/measure_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/report/readable.h"

namespace selfconnect {

namespace {

constexpr std::size_t kMostTrialLines = 20;

std::string counted(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

// A probability as people say it: "1 in 14,116".
std::string one_in(double probability) {
  if (probability <= 0) return "never";
  const double attempts = 1 / probability;
  return attempts < 10 ? fmt::format("1 in {:.1f}", attempts)
                       : fmt::format("1 in {}", grouped(static_cast<std::uint64_t>(attempts + 0.5)));
}

std::string answer(const Measurement& found) {
  const Proportion rate = found.hit_rate();
  const std::uint64_t attempts = found.counts.attempts, elsewhere = found.counts.elsewhere.attempts;
  std::string counts = counted(attempts, "attempt");
  if (elsewhere == attempts && attempts > 0)
    return fmt::format("{}, none of them at port {}", counts, found.port);
  if (elsewhere > 0)
    counts += fmt::format(", {} of them at port {}", grouped(attempts - elsewhere), found.port);
  counts += ", " + counted(found.counts.hits, "hit");
  if (found.counts.hits == 0) {
    return fmt::format("{}: at most {} (95 %)", counts, one_in(rate.high));
  }
  return fmt::format("{}: {} (95 %: {} to {})", counts, one_in(rate.value), one_in(rate.low),
                     one_in(rate.high));
}

// Trials without a hit count as later ones.
std::string first_hits(const Measurement& found) {
  std::vector<FirstHit> hits;
  for (const Trial& trial : found.trials) {
    if (trial.first_hit) hits.push_back(*trial.first_hit);
  }
  if (hits.empty()) return {};
  std::ranges::sort(hits, {}, &FirstHit::attempt);
  std::string text =
      fmt::format("; in {} of {} trials, at attempt {} to {}, median ", hits.size(), found.trials.size(),
                  grouped(hits.front().attempt), grouped(hits.back().attempt));
  const std::size_t lower = (found.trials.size() - 1) / 2, upper = found.trials.size() / 2;
  if (lower >= hits.size()) return text + fmt::format("more than {}", grouped(hits.back().attempt));
  if (upper >= hits.size()) return text + fmt::format("more than {}", grouped(hits[lower].attempt));
  const std::uint64_t twice = hits[lower].attempt + hits[upper].attempt;
  return text + fmt::format("{}{} ({})", grouped(twice / 2), twice % 2 == 1 ? ".5" : "",
                            duration_text((hits[lower].after + hits[upper].after) / 2));
}

std::uint64_t passed_over(const Measurement& found) {
  std::uint64_t total = 0;
  for (const Trial& trial : found.trials) total += trial.passed_over;
  return total;
}

// Calls that come to no SYN take their turn as well, and sockets that are dialled again keep their port.
bool is_not_as_stated(const Measurement& found) {
  return found.stated && passed_over(found) == 0 &&
         std::ranges::any_of(found.trials, [&](const Trial& trial) {
           return trial.first_hit ? trial.first_hit->attempt != *found.stated
                                  : trial.counts.attempts >= *found.stated;
         });
}

std::string first_hit(const Measurement& found) {
  std::string text = "no hit yet";
  if (const auto first = found.first_hit()) {
    text = fmt::format("first hit at attempt {}, after {}", grouped(first->attempt),
                       duration_text(first->after));
  }
  if (found.trials.size() > 1) text += first_hits(found);
  if (found.stated) text += fmt::format("; the policy states attempt {}", grouped(*found.stated));
  if (is_not_as_stated(found))
    text +=
        ", of a client that dials this destination alone, and each time with a socket that has no port yet";
  if (const std::uint64_t taken = passed_over(found); found.stated && taken > 0)
    text += fmt::format(", less the {} taken or not allowed, which were passed over", counted(taken, "port"));
  return text;
}

// Two digits, so that a slow client has a rate too.
std::string rate_text(double per_second) {
  return per_second < 10 ? fmt::format("{:.2g}", per_second)
                         : grouped(static_cast<std::uint64_t>(per_second + 0.5));
}

// The engine range is not told of calls.
std::string unknown_exhausted(const Measurement& found) {
  return found.engine == "range" ? "; calls that got no port: not known under range (--engine notify knows)"
                                 : "; calls that got no port: not known, some calls were missed";
}

std::string fates(const Measurement& found) {
  const AttemptCounts& counts = found.counts;
  std::string text;
  // A single attempt has no rate.
  if (const double rate = found.attempts_per_second(); rate > 0)
    text = fmt::format("{} attempts/s: ", rate_text(rate));
  text += fmt::format("refused {}, hit {}", grouped(counts.refused), grouped(counts.hits));
  if (!counts.held && counts.hits > 0) {
    text += "; while a hit or its TIME_WAIT held the port not known here";
  } else if (counts.held && counts.held->open + counts.held->time_wait > 0) {
    text += fmt::format("; while a hit held the port {}, while its TIME_WAIT did {}",
                        grouped(counts.held->open), grouped(counts.held->time_wait));
  }
  if (counts.elsewhere.hits > 0)
    text += fmt::format("; hit at other ports {}", grouped(counts.elsewhere.hits));
  text += counts.exhausted ? fmt::format("; got no port at all {}", grouped(*counts.exhausted))
                           : unknown_exhausted(found);
  return text + fmt::format("; source ports even {}, odd {}", grouped(counts.even), grouped(counts.odd));
}

std::string waits_text(const Waits& waits) {
  std::string text = fmt::format("between attempts: median {}, p90 {}, p99 {}, p99.9 {}, longest {}",
                                 duration_text(waits.p50), duration_text(waits.p90), duration_text(waits.p99),
                                 duration_text(waits.p999), duration_text(waits.max));
  if (waits.backoff) {
    text += waits.backoff->factor == 1
                ? "; the first ones alike"
                : fmt::format("; the first ones each {:.2f} times the one before", waits.backoff->factor);
    text += fmt::format(", within {:.0f} %", waits.backoff->jitter * 100);
  }
  return text;
}

std::string trial_table(const Measurement& found) {
  std::string text = fmt::format("\n  {:>5}  {:>12}  {:>8}  {:>12}  {:>10}  {:>10}\n", "trial", "attempts",
                                 "hits", "first hit at", "after", "took");
  for (std::size_t i = 0; i < std::min(found.trials.size(), kMostTrialLines); ++i) {
    const Trial& trial = found.trials[i];
    text += fmt::format(
        "  {:>5}  {:>12}  {:>8}  {:>12}  {:>10}  {:>10}\n", i + 1, grouped(trial.counts.attempts),
        grouped(trial.counts.hits), trial.first_hit ? grouped(trial.first_hit->attempt) : "-",
        trial.first_hit ? duration_text(trial.first_hit->after) : "-", duration_text(trial.elapsed));
  }
  if (found.trials.size() > kMostTrialLines) {
    text += fmt::format("  ... and {} more: see --json or --csv\n", found.trials.size() - kMostTrialLines);
  }
  return text;
}

std::uint64_t lost(const Measurement& found) {
  std::uint64_t total = 0;
  for (const Trial& trial : found.trials) total += trial.lost;
  return total;
}

// Where other limits were to end it.
std::optional<std::string> ended_by_time(const Measurement& found) {
  const auto& limits = found.limits;
  const auto by_time = std::ranges::count(found.trials, std::optional(TrialEnd::kDuration), &Trial::end);
  if (by_time == 0 || !limits.duration || !(limits.attempts || limits.hits)) return std::nullopt;
  const std::string which =
      found.trials.size() == 1 ? "Ended" : fmt::format("{} of {} trials ended", by_time, found.trials.size());
  return fmt::format("{} by --duration, {}, before the other limit was reached.", which,
                     duration_text(*limits.duration));
}

}  // namespace

std::string measurement_text(const Measurement& found, const ConsoleStyle& style) {
  const std::string command = found.command.empty() ? "--loop" : shell_words(found.command);
  std::string text = hanging("selfconnect measure: ", command, style.width);
  text += inked(style, Ink::kBold, hanging("", answer(found), style.width));
  text += hanging("  ", first_hit(found), style.width);
  text += hanging("  ", fates(found), style.width);
  if (found.waits.count > 0) text += hanging("  ", waits_text(found.waits), style.width);
  text += hanging(
      "  ",
      fmt::format("policy {}, engine {}{}, {}, range {}, seed {}", found.policy.text(), found.engine,
                  found.engine_reason.empty() ? "" : " (" + found.engine_reason + ")",
                  found.destination ? found.destination->text() : "nothing dialled", found.range, found.seed),
      style.width);
  if (const auto ended = ended_by_time(found)) text += hanging("  ", *ended, style.width);
  if (found.interrupted) text += "  Interrupted: these are the attempts made until then.\n";
  if (found.failure) {
    const std::string ended =
        fmt::format("Trial {} came to nothing: {}", found.trials.size() + 1, *found.failure);
    text += hanging("  ", ended, style.width);
  }
  if (const std::uint64_t missed = lost(found); missed > 0) {
    text += fmt::format("  Missed were {}: all counts are too low by as much.\n", counted(missed, "attempt"));
  }
  if (found.one_walk) {
    text += hanging(
        "  ",
        "The trials dial one address, and so go on with one walk of the kernel's over the ports: they are "
        "not independent. Those that dial {host}, without --host, are.",
        style.width);
  }
  if (found.trials.size() > 1) text += trial_table(found);
  return text;
}

std::string measure_progress_line(const MeasureState& state) {
  const double seconds = std::chrono::duration<double>(state.elapsed).count();
  const double rate =
      seconds > 0 && state.attempts > 0 ? static_cast<double>(state.attempts - 1) / seconds : 0;
  std::string line =
      fmt::format("trial {} of {}: {}, {}/s, {}", state.trial, state.trials,
                  counted(state.attempts, "attempt"), rate_text(rate), counted(state.hits, "hit"));
  if (state.left) {
    line += fmt::format(", at most {:.1f} s left",
                        std::max(0.0, std::chrono::duration<double>(*state.left).count()));
  }
  return line;
}

}  // namespace selfconnect
