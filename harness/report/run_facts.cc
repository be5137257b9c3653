// SPDX-License-Identifier: MIT
#include "harness/report/run_facts.h"

#include <algorithm>

namespace selfconnect {

const Attempt* first_self_connection(const Trace& trace) {
  const auto at = std::ranges::find(trace.attempts.kept, Outcome::kSelfConnected, &Attempt::outcome);
  return at == trace.attempts.kept.end() ? nullptr : &*at;
}

Instant decided_at(const Attempt& attempt) { return attempt.decided_at.value_or(attempt.at); }

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
  // A skip for a rule that was required and not judged comes with all that the other rules say.
  return judgement.verdict == Verdict::kSkip && std::ranges::all_of(judgement.rules, [&](const auto& report) {
           const auto* open = std::get_if<NotJudged>(&report.outcome);
           return open != nullptr && open->reason == judgement.reason;
         });
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
