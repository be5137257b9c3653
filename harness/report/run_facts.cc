// SPDX-License-Identifier: MIT
#include "harness/report/run_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace selfconnect {

const Attempt* first_self_connection(const Trace& trace) {
  const auto at = std::ranges::find(trace.attempts.kept, Outcome::kSelfConnected, &Attempt::outcome);
  return at == trace.attempts.kept.end() ? nullptr : &*at;
}

Instant decided_at(const Attempt& attempt) { return attempt.decided_at.value_or(attempt.at); }

std::string signal_text(int number) {
  const char* name = sigabbrev_np(number);
  return name == nullptr ? fmt::format("signal {}", number) : fmt::format("SIG{}", name);
}

std::string ended_text(const Ended& ended) {
  switch (ended.how) {
    case Ended::How::kExit:
      return fmt::format("exit {}", ended.code);
    case Ended::How::kSignal:
      return signal_text(ended.code);
    case Ended::How::kStopped:
      break;
  }
  return ended.stop_reason.empty() ? "stopped" : fmt::format("stopped: {}", ended.stop_reason);
}

std::string program_name(const Run& run) {
  if (run.command.empty()) return "target";
  const std::string& path = run.command.front();
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.empty() ? path : name;
}

std::chrono::nanoseconds total_duration(const Run& run) {
  std::chrono::nanoseconds total{};
  for (const Trace& trace : run.traces) total += trace.ended.at;
  return total;
}

bool is_interrupted(const Judgement& judgement) {
  return judgement.verdict == Verdict::kError && judgement.reason.starts_with("interrupted");
}

bool is_unjudged(const Judgement& judgement) {
  if (judgement.verdict == Verdict::kError) return !is_interrupted(judgement);
  return judgement.verdict == Verdict::kSkip && judgement.rules.empty();
}

const Rule* rule_of(const Judgement& judgement, const Finding& finding) {
  for (const RuleReport& report : judgement.rules) {
    if (report.rule != nullptr && report.rule->id == finding.rule) return report.rule;
  }
  return nullptr;
}

FindingCounts count_findings(const Judgement& judgement) {
  FindingCounts counts;
  for (const Finding& finding : judgement.findings) {
    ++(!finding.counted                 ? counts.uncounted
       : finding.level == Level::kError ? counts.errors
                                        : counts.warnings);
  }
  return counts;
}

bool reaches(const Finding& finding, FailOn fail_on) {
  if (!finding.counted || fail_on == FailOn::kNever) return false;
  return finding.level == Level::kError || fail_on == FailOn::kWarning;
}

}  // namespace selfconnect
