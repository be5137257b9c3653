// SPDX-License-Identifier: MIT
#include "harness/judge/bind_tries.h"

#include <utility>

#include "harness/judge/observed.h"

namespace selfconnect {

RuleOutcome judge_bind_tries(const Run& run, void (*judge_trace)(const Trace& trace, Tally& tally)) {
  Tally tally;
  bool self_connected = false;
  for (const Trace* trace : forced_traces(run)) {
    if (trace->phase == Phase::kSelfConnect && trace->bind_tries.empty()) continue;
    if (self_connections(*trace).empty()) continue;
    self_connected |= trace->phase != Phase::kSelfConnect;
    judge_trace(*trace, tally);
  }
  return std::move(tally).outcome(self_connected ? "no bind was tried after a self-connection"
                                                 : no_self_connection_reason(run, Phase::kBind));
}

}  // namespace selfconnect
