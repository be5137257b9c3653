// SPDX-License-Identifier: MIT
#include "harness/judge/success.h"

#include <fmt/format.h>

#include "harness/judge/observed.h"
#include "harness/judge/success_pattern.h"

namespace selfconnect {

std::string Success::text() const {
  std::string how = by_exit ? "exited with code 0" : "";
  if (match) how += fmt::format("{}printed its success pattern (\"{}\")", how.empty() ? "" : " and ", *match);
  return how;
}

Success success_of(const Run& run, const Trace& trace, const Trace& refused) {
  Success success{.by_exit = exited_with_zero(trace) && !exited_with_zero(refused), .match = {}};
  const auto pattern =
      run.success_pattern.empty() ? std::nullopt : SuccessPattern::compile(run.success_pattern);
  if (pattern && !pattern->find(refused)) success.match = pattern->find(trace);
  return success;
}

std::optional<std::string> success_unknown(const Run& run, const Trace& trace, const Trace& refused) {
  if (!run.success_pattern.empty()) {
    const auto pattern = SuccessPattern::compile(run.success_pattern);
    if (!pattern) return "the success pattern is no valid regular expression";
    if (pattern->find(refused)) return "the success pattern also matches when nothing listens";
    return std::nullopt;
  }
  if (exited_with_zero(trace)) return "no --success, and the target exits with code 0 even when refused";
  if (!ended_by_itself(trace) && target_kind(run) == Kind::kReconnector) {
    return "no --success for a reconnector";
  }
  return std::nullopt;
}

}  // namespace selfconnect
