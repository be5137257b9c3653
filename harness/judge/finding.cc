// SPDX-License-Identifier: MIT
#include "harness/judge/finding.h"

#include <array>

namespace selfconnect {

std::string_view level_name(Level level) { return level == Level::kError ? "error" : "warning"; }

std::string_view verdict_name(Verdict verdict) {
  static constexpr std::array<std::string_view, 4> kNames = {"pass", "fail", "skip", "error"};
  return kNames.at(static_cast<std::size_t>(verdict));
}

}  // namespace selfconnect
