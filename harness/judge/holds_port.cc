// Rule holds-port: while the target lives, its self-connection keeps the real server from binding.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cerrno>
#include <map>

#include "harness/judge/bind_tries.h"
#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/scheduled_rules.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "holds-port";
constexpr std::chrono::seconds kLongEnough{1};

// Failed tries in a row that the same self-connection stood in the way of.
struct Blocked {
  const BindTry* first = nullptr;
  const BindTry* last = nullptr;
  std::size_t tries = 0;

  [[nodiscard]] std::chrono::nanoseconds held() const {
    return first == nullptr ? std::chrono::nanoseconds(0) : last->at - first->at;
  }
};

bool blocked_by_self_connection(const BindTry& attempt) {
  return attempt.error == EADDRINUSE && attempt.target_alive && attempt.blocker &&
         attempt.blocker->inode != 0 && attempt.blocker->local == attempt.blocker->remote;
}

struct Answer {
  Blocked longest;
  bool blocked_at_end = false;  // the last try on some endpoint failed, for less than long enough
  bool tried = false;           // a try counted at all
};

Answer look(const Trace& trace) {
  Answer answer;
  std::map<Endpoint, Blocked> running;
  for (const BindTry& attempt : trace.bind_tries) {
    const bool forced = !trace.unforced_at || attempt.at < *trace.unforced_at;
    if (attempt.target_alive && forced) continue;  // the port may be held because we hand it out
    answer.tried = true;
    Blocked& run = running[attempt.endpoint];
    if (!blocked_by_self_connection(attempt)) {
      run = {};
      continue;
    }
    const bool same = run.first != nullptr && run.last->blocker->inode == attempt.blocker->inode;
    if (!same) run = {.first = &attempt};
    run.last = &attempt;
    ++run.tries;
    if (answer.longest.first == nullptr || run.held() > answer.longest.held()) answer.longest = run;
  }
  for (const auto& [endpoint, run] : running) answer.blocked_at_end |= run.first != nullptr;
  return answer;
}

Finding convict(const Trace& trace, const Blocked& blocked) {
  const SocketLine& line = *blocked.last->blocker;
  return finding_in(
      trace, kId, Level::kError,
      fmt::format(
          "the target kept its connection to itself open and so held port {}: for {} no server could bind {} "
          "(tried {} times, each answered \"address already in use\")",
          line.local.port, time_text(blocked.held()), blocked.last->endpoint.text(), blocked.tries),
      {{"held_ms", in_ms(blocked.held())},
       {"tries", static_cast<std::int64_t>(blocked.tries)},
       {"endpoint", blocked.last->endpoint.text()},
       {"socket", line.text()}});
}

void judge_trace(const Trace& trace, Tally& tally) {
  if (trace.phase == Phase::kSelfConnect) return;  // tried after the target had let go
  const Answer answer = look(trace);
  if (answer.longest.tries > 1 && answer.longest.held() >= kLongEnough) {
    return tally.found(convict(trace, answer.longest), destination_text(trace));
  }
  if (answer.blocked_at_end) {
    return tally.undecided(fmt::format("the port was still held at the last try, seen for {} only",
                                       time_text(answer.longest.held())));
  }
  if (answer.tried) return tally.clear();
  if (!trace.bind_tries.empty() && !trace.unforced_at) {
    tally.undecided("forcing was not taken off while the port was tried");
  }
}

RuleOutcome judge(const Run& run) {
  const Trace* trace = schedule_trace(run);
  if (trace == nullptr) return judge_bind_tries(run, judge_trace);
  Tally tally;
  judge_scheduled_port(run, *trace, tally);
  return std::move(tally).outcome("the target made no attempt after a self-connection");
}

}  // namespace

Rule holds_port() {
  return {
      .id = kId,
      .level = Level::kError,
      .summary = "kept the server from binding its port while it lived",
      .why =
          "The connection's local port is the server's port. As long as the client keeps it open, the real "
          "server cannot start (\"address already in use\", with SO_REUSEADDR too), and no restart of the "
          "server helps.",
      .decided =
          "With forcing taken off, bind and listen fail for a second or more, try after try, and the kernel "
          "names the same self-connected socket of the living target each time. One failed try is not "
          "enough, since a correct client may be caught between connect() and close(). Under a schedule: it "
          "dials anew while its own self-connection has the port.",
      .remedy =
          "Compare getsockname() with getpeername(), address and port, right after connect(), and close a "
          "self-connection at once with SO_LINGER 0. In operation, move the service's port out of the "
          "ephemeral range or add it to net.ipv4.ip_local_reserved_ports.",
      .judge = judge};
}

}  // namespace selfconnect
