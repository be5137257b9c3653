// What a rule answers, and what follows from all answers: findings with evidence, rule outcomes, the verdict.
// Values only: the reporters show them, the rules make them.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "harness/trace/trace.h"

namespace selfconnect {

enum class Level { kWarning, kError };
[[nodiscard]] std::string_view level_name(Level level);  // "warning", "error"

// Bytes of a conversation, shown as text and as hex.
struct Bytes {
  std::string data;         // an excerpt
  std::uint64_t total = 0;  // how many there were

  bool operator==(const Bytes&) const = default;
};

// One thing that a finding rests on. Keys are snake_case and documented per rule in docs/rules.md;
// a time is a double in milliseconds and its key ends in _ms.
using EvidenceValue = std::variant<std::string, std::int64_t, double, bool, Bytes>;
using Evidence = std::vector<std::pair<std::string, EvidenceValue>>;

struct Finding {
  std::string rule;
  Level level = Level::kWarning;
  Phase phase = Phase::kSelfConnect;
  std::optional<Endpoint> destination;
  std::string message;  // one sentence: what the target did, with its figures
  Evidence evidence;
  bool counted = true;  // false: seen in a control, shown but not counted

  bool operator==(const Finding&) const = default;
};

struct Clear {
  bool operator==(const Clear&) const = default;
};
struct NotJudged {
  std::string reason;  // a fragment: "no --success for a reconnector"
  bool operator==(const NotJudged&) const = default;
};
using Findings = std::vector<Finding>;  // never empty in a RuleOutcome
using RuleOutcome = std::variant<Clear, NotJudged, Findings>;

enum class Verdict { kPass, kFail, kSkip, kError };
[[nodiscard]] std::string_view verdict_name(Verdict verdict);  // "pass", "fail", "skip", "error"

}  // namespace selfconnect
