// What several reporters ask of a run and its judgement. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "harness/judge/verdict.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// The first self-connection that the trace keeps; nullptr when it has none.
[[nodiscard]] const Attempt* first_self_connection(const Trace& trace);
// When the kernel answered its SYN, since the launch of the target.
[[nodiscard]] Instant decided_at(const Attempt& attempt);

// The target's program, without its folder; "target" when there is no command.
[[nodiscard]] std::string program_name(const Run& run);
// All phases, one after the other.
[[nodiscard]] std::chrono::nanoseconds total_duration(const Run& run);

// The run was broken off by the user, and what is known of it is worth showing.
[[nodiscard]] bool is_interrupted(const Judgement& judgement);
// A run that came to no judgement at all (`not_judged`): its reason is all there is to show.
[[nodiscard]] bool is_unjudged(const Judgement& judgement);

[[nodiscard]] const Rule* rule_of(const Judgement& judgement, const Finding& finding);

struct FindingCounts {
  std::size_t errors = 0, warnings = 0;  // counted ones
  std::size_t uncounted = 0;
};
[[nodiscard]] FindingCounts count_findings(const Judgement& judgement);

// Whether the finding makes the verdict fail.
[[nodiscard]] bool reaches(const Finding& finding, FailOn fail_on);

}  // namespace selfconnect
