// Collects what a rule makes of each trace, and turns it into the rule's one answer.
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "harness/judge/finding.h"

namespace selfconnect {

class Tally {
 public:
  // Findings with the same non-empty key say the same thing of several phases: the first is kept, and the
  // other phases are named in its evidence `also_in`. A counted and an uncounted finding never merge.
  void found(Finding finding, std::string_view key = {});
  void clear() { cleared_ = true; }
  // A trace that should have told, and could not.
  void undecided(std::string reason);

  // Findings when there is one; not judged when a trace was undecided, or none told anything; else clear.
  [[nodiscard]] RuleOutcome outcome(std::string reason_when_nothing) &&;

 private:
  Findings findings_;
  std::map<std::pair<std::string, bool>, std::size_t> by_key_;  // (key, counted) to index in findings_
  std::string reason_;
  bool cleared_ = false;
};

}  // namespace selfconnect
