// Rule leaves-time-wait: the target closed its self-connection with FIN, and the port stays blocked.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "harness/judge/bind_tries.h"
#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "leaves-time-wait";

bool blocked_by_time_wait(const BindTry& attempt) {
  return attempt.reuse_address && attempt.error == EADDRINUSE && attempt.blocker &&
         attempt.blocker->state == TcpState::kTimeWait && attempt.blocker->local == attempt.blocker->remote;
}

// The self-connection whose FIN left the entry, closed by the target and not by our signal. Null: none.
const Attempt* closed_by_target(const Trace& trace, const BindTry& blocked) {
  const auto own = self_connections(trace);
  const auto found = std::ranges::find_if(own, [&](const Attempt* attempt) {
    return attempt->ending == Ending::kFin && attempt->ended_at && *attempt->ended_at <= blocked.at &&
           (!trace.stop_signal_at || *attempt->ended_at < *trace.stop_signal_at) &&
           attempt->destination == blocked.blocker->local;
  });
  return found == own.end() ? nullptr : *found;
}

Finding convict(const Trace& trace, const BindTry& blocked, const Attempt& closed) {
  return finding_in(trace, kId, Level::kWarning,
                    fmt::format("the target closed its self-connection on port {} with a plain close (FIN): "
                                "the kernel now keeps the port in TIME_WAIT for a minute, and a server "
                                "cannot bind {} in that time, not even with SO_REUSEADDR",
                                blocked.endpoint.port, blocked.endpoint.text()),
                    {{"attempt", as_count(closed.number)},
                     {"closed_ms", in_ms(*closed.ended_at)},
                     {"blocked_ms", in_ms(blocked.at)},
                     {"endpoint", blocked.endpoint.text()},
                     {"socket", blocked.blocker->text()}});
}

void judge_trace(const Trace& trace, Tally& tally) {
  bool ours = false;
  for (const BindTry& attempt : trace.bind_tries) {
    if (!blocked_by_time_wait(attempt)) continue;
    if (const Attempt* closed = closed_by_target(trace, attempt)) {
      return tally.found(convict(trace, attempt, *closed), destination_text(trace));
    }
    ours = true;
  }
  if (ours)
    return tally.undecided("the target had not closed its self-connection before the harness stopped it");
  if (std::ranges::any_of(trace.bind_tries, &BindTry::reuse_address)) tally.clear();
}

RuleOutcome judge(const Run& run) {
  if (schedule_trace(run) != nullptr) return NotJudged{unasked_reason()};
  return judge_bind_tries(run, judge_trace);
}

}  // namespace

Rule leaves_time_wait() {
  return {
      .id = kId,
      .level = Level::kWarning,
      .summary = "closed its self-connection so that the server stays blocked for a minute",
      .why =
          "A self-connection that is closed with FIN stays in TIME_WAIT for 60 seconds (RFC 9293 3.3.2). The "
          "entry inherits the client's lack of SO_REUSEADDR, so even a server that sets it cannot bind: the "
          "client noticed the self-connection, and still keeps the server down.",
      .decided =
          "A bind with SO_REUSEADDR fails and the kernel names a TIME_WAIT entry with equal ends, left by a "
          "FIN of the target before the harness signalled it. A close that follows the harness's signal is "
          "not the target's.",
      .remedy =
          "Close a self-connection with RST: setsockopt(SO_LINGER) with l_onoff 1 and l_linger 0, then "
          "close(). Setting SO_REUSEADDR before connect() also lets a server with SO_REUSEADDR bind at once.",
      .judge = judge};
}

}  // namespace selfconnect
