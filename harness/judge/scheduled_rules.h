// What rules make of the phase with a schedule, where that takes more than a few lines: each function belongs to the rule that it
// is named after, and is called by it. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include "harness/judge/tally.h"
#include "harness/trace/trace.h"

namespace selfconnect {

void judge_scheduled_echo(const Run& run, const Trace& trace, Tally& tally);
void judge_scheduled_hang(const Run& run, const Trace& trace, Tally& tally);
void judge_scheduled_recovery(const Run& run, const Trace& trace, Tally& tally);
void judge_scheduled_sockets(const Run& run, const Trace& trace, Tally& tally);  // leaks-fds
void judge_scheduled_port(const Run& run, const Trace& trace, Tally& tally);     // holds-port

}  // namespace selfconnect
