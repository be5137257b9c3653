// SPDX-License-Identifier: MIT
#include "harness/judge/rules.h"

#include <algorithm>
#include <array>

namespace selfconnect {

std::span<const Rule> all_rules() {
  static const std::array kRules = {
      echo_accepted(), secret_echoed(),  never_recovers(),  crashes(),          hangs(),
      holds_port(),    leaks_fds(),      desynchronised(),  leaves_time_wait(), leaks_memory(),
      spins(),         resets_backoff(), talks_to_itself(), false_guard(),      leaves_children()};
  return kRules;
}

const Rule* find_rule(std::string_view id) {
  const auto rules = all_rules();
  const auto found = std::ranges::find(rules, id, &Rule::id);
  return found == rules.end() ? nullptr : &*found;
}

}  // namespace selfconnect
