// SPDX-License-Identifier: MIT
#include "harness/judge/tally.h"

#include <algorithm>

namespace selfconnect {

namespace {

void name_phase(Finding& finding, Phase phase) {
  if (finding.phase == phase) return;
  auto known = std::ranges::find(finding.evidence, "also_in", &Evidence::value_type::first);
  if (known == finding.evidence.end()) {
    finding.evidence.emplace_back("also_in", std::string(phase_name(phase)));
    return;
  }
  auto& names = std::get<std::string>(known->second);
  if (!names.ends_with(phase_name(phase))) names.append(", ").append(phase_name(phase));
}

}  // namespace

void Tally::found(Finding finding, std::string_view key) {
  if (!key.empty()) {
    const auto [known, added] = by_key_.try_emplace({std::string(key), finding.counted}, findings_.size());
    if (!added) return name_phase(findings_.at(known->second), finding.phase);
  }
  findings_.push_back(std::move(finding));
}

void Tally::undecided(std::string reason) {
  if (reason_.empty()) reason_ = std::move(reason);
}

RuleOutcome Tally::outcome(std::string reason_when_nothing) && {
  if (!findings_.empty()) return std::move(findings_);
  if (!reason_.empty()) return NotJudged{std::move(reason_)};
  if (cleared_) return Clear{};
  return NotJudged{std::move(reason_when_nothing)};
}

}  // namespace selfconnect
