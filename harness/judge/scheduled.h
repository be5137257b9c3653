// Questions that several rules ask about a phase with a schedule: what an attempt met, which one was the last, which packets are
// its own. Pure look-ups; no judgement.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/judge/finding.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// The phase that tells how the target fared under the run's schedule; null when the run has none.
[[nodiscard]] const Trace* schedule_trace(const Run& run);
[[nodiscard]] bool has_schedule(Phase phase);  // schedule, single-event

// Fragments for NotJudged.
[[nodiscard]] std::string no_attempt_reason();
[[nodiscard]] std::string unasked_reason();  // of rules that a schedule does not put to the test
// Why the trace cannot be judged: interrupted, or more attempts than are kept. None: it can.
[[nodiscard]] std::optional<std::string> unjudged_schedule(const Trace& trace);

// The event of the attempt, or a refusal where it met that instead.
[[nodiscard]] Event met(const ScheduledAttempt& attempt);
[[nodiscard]] std::string met_text(const ScheduledAttempt& attempt);  // "attempt 3 (garbage:16)"
[[nodiscard]] bool is_served(const ScheduledAttempt& attempt);
[[nodiscard]] bool in_quiet_window(const Trace& trace, const ScheduledAttempt& attempt);  // and served there
// The target ended the connection, and before the harness stopped it. False also where the peer ended it first: nothing is known of
// the target's side then.
[[nodiscard]] bool let_go(const Trace& trace, const ScheduledAttempt& attempt);

// Of all destinations. Null: there was none.
[[nodiscard]] const ScheduledAttempt* last_attempt(const Trace& trace);
// To the same destination. Null: `attempt` was the first.
[[nodiscard]] const ScheduledAttempt* attempt_before(const Trace& trace, const ScheduledAttempt& attempt);

// The packets of a scheduled attempt, and the other way round: told by destination and source port, for attempts without a SYN
// (exhausted) make their numbers differ. Null: not kept.
[[nodiscard]] const Attempt* packets_of(const Trace& trace, const ScheduledAttempt& attempt);
[[nodiscard]] const ScheduledAttempt* scheduled_of(const Trace& trace, const Attempt& attempt);

// Whether the target was seen to begin one attempt while another was in progress or, where all goes well, connected. What one of its
// attempts meets then says little about what it knew when it began the next.
[[nodiscard]] bool dials_at_once(const Run& run);

// The healthy controls that were served at `destination`.
[[nodiscard]] std::vector<const Trace*> healthy_controls(const Run& run, const Endpoint& destination);

// The same finding, about `attempt`: its destination, and first in the evidence `event` (the kind's name) and `attempt`.
[[nodiscard]] Finding about(Finding finding, const ScheduledAttempt& attempt);
// The same for one of the target's connections to itself.
[[nodiscard]] Finding about_self(Finding finding, const Trace& trace, const Attempt& own);

}  // namespace selfconnect
