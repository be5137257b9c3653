// What the target did in one run, as a set of numbers: the feedback of a campaign. Two runs in which the target behaved alike
// have the same features, whatever their times, ports and process ids were. Pure.
//
//   rules      each rule's outcome, and the key of each finding (finding_key.h)
//   attempts   n-grams of up to three attempts in a row: the event, what came of it, how the target closed; in the
//              one-grams also what the peer saw
//   waits      after which event it waited how long before it dialled again, in steps of a factor of eight
//   output     lines and pairs of lines, with every number the same
//   end        how it ended, after which event
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "harness/check/check.h"

namespace selfconnect {

using Features = std::set<std::uint64_t>;

// Of the schedule's phase (Phase::kSchedule) and the judgement.
[[nodiscard]] Features features_of(const CheckResult& result);

// A line of output with what differs from run to run made equal: "pid 4711 at 0x7f3c: 12.5 ms" is "pid # at #: #.# ms".
// At most 200 bytes of it.
[[nodiscard]] std::string squashed(std::string_view line);

}  // namespace selfconnect
