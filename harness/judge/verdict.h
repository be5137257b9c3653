// From rule outcomes to the verdict of a run. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/judge/finding.h"
#include "harness/judge/rule.h"
#include "harness/trace/trace.h"

namespace selfconnect {

enum class FailOn { kError, kWarning, kNever };

struct JudgeOptions {
  FailOn fail_on = FailOn::kError;
  std::vector<std::string> required;  // rule ids (--require): one that was not judged makes a skip
};

struct RuleReport {
  const Rule* rule = nullptr;
  RuleOutcome outcome;
};

// The result of a run, and all that a reporter sees.
struct Judgement {
  Verdict verdict = Verdict::kPass;
  std::string reason;             // why skip or error; empty otherwise
  std::vector<RuleReport> rules;  // every rule, in all_rules() order
  std::vector<Finding>
      findings;  // of all rules: errors first, counted before uncounted, then in order of phase
};

// `fail` when a counted finding reaches fail_on; else `skip` when a required rule was not judged; else
// `pass`.
[[nodiscard]] Judgement judge(const Run& run, const JudgeOptions& options);

// A run that could not be judged: skip (this machine cannot force it) or error (ours).
[[nodiscard]] Judgement not_judged(Verdict verdict, std::string reason);

}  // namespace selfconnect
