// What the two rules about the server's port share: which traces show a server trying to bind.
// SPDX-License-Identifier: MIT
#pragma once

#include "harness/judge/finding.h"
#include "harness/judge/tally.h"

namespace selfconnect {

// Asks `judge_trace` about each bind and recover trace that has a self-connection. Not judged when there is none.
[[nodiscard]] RuleOutcome judge_bind_tries(const Run& run,
                                           void (*judge_trace)(const Trace& trace, Tally& tally));

}  // namespace selfconnect
