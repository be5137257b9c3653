// A rule: a pure function from the traces of a run to its findings, with its documented meaning.
// Rules never touch a descriptor, a clock or a process, so a saved run can be judged again by a later
// version.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

#include "harness/judge/finding.h"
#include "harness/trace/trace.h"

namespace selfconnect {

struct Rule {
  std::string_view id;  // "echo-accepted"
  Level level;
  std::string_view summary;  // reads after "the target ...": "reported success though no server existed"
  std::string_view why;  // why it matters, for a person who never heard of self-connect; one or two sentences
  std::string_view decided;  // how it is decided, so that correct clients are never convicted
  std::string_view remedy;   // what to do, imperative; one to three sentences
  RuleOutcome (*judge)(const Run& run);
};

// All rules, in the order of the report: errors first.
[[nodiscard]] std::span<const Rule> all_rules();
[[nodiscard]] const Rule* find_rule(std::string_view id);

}  // namespace selfconnect
