// Rule talks-to-itself: the target wrote payload into a connection that led back to it.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "talks-to-itself";

Finding convict(const Trace& trace, const std::vector<const Attempt*>& talking) {
  const Attempt& first = *talking.front();
  std::uint64_t bytes = 0;
  for (const Attempt* attempt : talking) bytes += attempt->sent;
  std::string delay;
  Evidence evidence = {{"connections", static_cast<std::int64_t>(talking.size())},
                       {"bytes", as_count(bytes)},
                       {"attempt", as_count(first.number)},
                       {"sent", excerpt(first.sent_head, first.sent)}};
  if (first.first_sent_at) {
    const auto after = *first.first_sent_at - first.decided_at.value_or(first.at);
    evidence.emplace_back("first_write_after_connect_ms", in_ms(after));
    delay = fmt::format(", the first {} after it had connected", time_text(after));
  }
  return finding_in(trace, kId, Level::kWarning,
                    fmt::format("the target wrote {} to itself over {}{}", bytes_text(bytes),
                                count_text(talking.size(), "self-connection"), delay),
                    std::move(evidence));
}

RuleOutcome judge(const Run& run) {
  if (auto reason = no_payload_reason(run)) return NotJudged{std::move(*reason)};
  Tally tally;
  for (const Trace& trace : run.traces) {
    std::vector<const Attempt*> talking;
    const auto own = self_connections(trace);
    for (const Attempt* attempt : own) {
      if (attempt->sent > 0) talking.push_back(attempt);
    }
    if (!talking.empty()) {
      Finding finding = convict(trace, talking);
      if (has_schedule(trace.phase)) finding = about_self(std::move(finding), trace, *talking.front());
      tally.found(std::move(finding), destination_text(trace) + " ");
    } else if (!own.empty()) {
      tally.clear();
    }
  }
  return std::move(tally).outcome(no_self_connection_reason(run));
}

}  // namespace

Rule talks_to_itself() {
  return {.id = kId,
          .level = Level::kWarning,
          .summary = "wrote payload to itself before it noticed",
          .why =
              "Whatever it wrote came back as if a server had sent it. What a client writes first is often "
              "the most sensitive (credentials, the query), and what it reads first decides what it does "
              "next.",
          .decided =
              "Payload bytes seen on the wire in a connection whose two ends are the target's own. A client "
              "that checks before it writes sends none.",
          .remedy =
              "Check between connect() and the first write: when getsockname() and getpeername() are equal, "
              "address and port, close with SO_LINGER 0 and treat it as a refused connection.",
          .judge = judge};
}

}  // namespace selfconnect
