// Questions that several rules ask about a run: which traces there are, where the target connected to
// itself, how it ended. Pure look-ups; no judgement.
// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "harness/trace/trace.h"

namespace selfconnect {

[[nodiscard]] std::vector<const Trace*> traces_of(const Run& run, std::initializer_list<Phase> phases);
// self-connect, bind and recover: where self-connections are made on purpose.
[[nodiscard]] std::vector<const Trace*> forced_traces(const Run& run);

// The `refused` control to hold a destination against: one that dialled it, else the first; null when that
// phase was not run.
[[nodiscard]] const Trace* refused_control(const Run& run, const std::optional<Endpoint>& destination);

// As the run says, else as `refused` shows.
[[nodiscard]] Kind target_kind(const Run& run);

// Fragments for NotJudged: "the bind phase was not run: REASON" (or, where it left a trace, "was interrupted"), "the target never connected to itself".
[[nodiscard]] std::string not_run_reason(const Run& run, Phase phase);
[[nodiscard]] std::string no_self_connection_reason(const Run& run, Phase phase = Phase::kSelfConnect);

// For rules about what was sent: NotJudged where the attempts were seen without their bytes.
[[nodiscard]] std::optional<std::string> no_payload_reason(const Run& run);

// In order of time, and empty when there is none.
[[nodiscard]] std::vector<const Attempt*> self_connections(const Trace& trace);

// The destination whose self-connections `trace` is about.
[[nodiscard]] std::optional<Endpoint> destination_of(const Trace& trace);
[[nodiscard]] std::string destination_text(const Trace& trace);  // "127.0.0.1:50000"; "" when unknown

[[nodiscard]] bool exited_with_zero(const Trace& trace);
[[nodiscard]] bool ended_by_itself(const Trace& trace);
// Until the target ended or was first signalled: what came later is the harness's doing.
[[nodiscard]] Instant watched_until(const Trace& trace);

// Kept attempts that held a socket open at `at`: in progress, or connected and not ended by either side.
[[nodiscard]] std::size_t open_connections(const Trace& trace, Instant at);

}  // namespace selfconnect
