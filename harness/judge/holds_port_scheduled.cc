// Rule holds-port under a schedule: the target dials anew while its own self-connection still has the port.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "harness/judge/evidence.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/scheduled_rules.h"

namespace selfconnect {

namespace {

const ScheduledAttempt* holder_of(const Trace& trace, const ScheduledAttempt& blocked) {
  const auto holder = std::ranges::find_if(trace.scheduled, [&](const ScheduledAttempt& attempt) {
    return attempt.destination == blocked.destination && attempt.number == *blocked.held_by;
  });
  return holder == trace.scheduled.end() ? nullptr : &*holder;
}

Finding convict(const Trace& trace, const ScheduledAttempt& blocked, const ScheduledAttempt& holder) {
  return about(
      finding_in(
          trace, "holds-port", Level::kError,
          fmt::format("the target kept its connection to itself of attempt {} open and so held port {}, also "
                      "while it dialled anew on attempt {}: no server could have bound it",
                      holder.number, holder.destination.port, blocked.number),
          {{"blocked_attempt", as_count(blocked.number)},
           {"held_ms", in_ms(blocked.at - holder.at)},
           {"endpoint", holder.destination.text()}}),
      holder);
}

}  // namespace

void judge_scheduled_port(const Run& run, const Trace& trace, Tally& tally) {
  bool freed = false;  // dialled again after a self-connection, and the port was free
  std::map<Endpoint, const ScheduledAttempt*> newest;
  for (const ScheduledAttempt& attempt : trace.scheduled) {
    const ScheduledAttempt* before = std::exchange(newest[attempt.destination], &attempt);
    freed |= before != nullptr && met(*before).kind == EventKind::kSelf && !attempt.held_by;
    const ScheduledAttempt* holder = attempt.held_by ? holder_of(trace, attempt) : nullptr;
    if (holder == nullptr) continue;
    if (dials_at_once(run)) {
      return tally.undecided(
          "the target dials several times at once, so one attempt may precede another's close");
    }
    return tally.found(convict(trace, attempt, *holder), trace.scheduled.front().destination.text());
  }
  if (freed) tally.clear();
}

}  // namespace selfconnect
