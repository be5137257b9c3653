// SPDX-License-Identifier: MIT
#include "harness/judge/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace selfconnect {

namespace {

bool reaches(const Finding& finding, FailOn fail_on) {
  if (!finding.counted || fail_on == FailOn::kNever) return false;
  return fail_on == FailOn::kWarning || finding.level == Level::kError;
}

// Errors first, counted before uncounted, then in order of phase.
using ReportOrder = std::tuple<bool, bool, Phase>;

ReportOrder report_order(const Finding& finding) {
  return {finding.level != Level::kError, !finding.counted, finding.phase};
}

// Why a required rule was not judged; empty when every one was.
std::string required_but_not_judged(const std::vector<RuleReport>& rules,
                                    const std::vector<std::string>& required) {
  for (const std::string& id : required) {
    const auto report = std::ranges::find_if(rules, [&](const auto& each) { return each.rule->id == id; });
    if (report == rules.end()) return fmt::format("there is no rule {}", id);
    if (const auto* open = std::get_if<NotJudged>(&report->outcome)) {
      return fmt::format("{} is required and was not judged: {}", id, open->reason);
    }
  }
  return {};
}

}  // namespace

Judgement judge(const Run& run, const JudgeOptions& options) {
  Judgement judgement;
  std::multimap<ReportOrder, Finding> in_order;  // of those alike, the first stays first
  for (const Rule& rule : all_rules()) {
    RuleReport report{.rule = &rule, .outcome = rule.judge(run)};
    if (const auto* found = std::get_if<Findings>(&report.outcome)) {
      for (const Finding& finding : *found) in_order.emplace(report_order(finding), finding);
    }
    judgement.rules.push_back(std::move(report));
  }
  for (auto& [order, finding] : in_order) judgement.findings.push_back(std::move(finding));

  if (std::ranges::any_of(judgement.findings,
                          [&](const Finding& finding) { return reaches(finding, options.fail_on); })) {
    judgement.verdict = Verdict::kFail;
    return judgement;
  }
  judgement.reason = required_but_not_judged(judgement.rules, options.required);
  judgement.verdict = judgement.reason.empty() ? Verdict::kPass : Verdict::kSkip;
  return judgement;
}

Judgement not_judged(Verdict verdict, std::string reason) {
  Judgement judgement{.verdict = verdict, .reason = std::move(reason)};
  for (const Rule& rule : all_rules()) {
    judgement.rules.push_back({.rule = &rule, .outcome = NotJudged{judgement.reason}});
  }
  return judgement;
}

}  // namespace selfconnect
