// Rule secret-echoed: a secret of the user's went into a connection that led back to the target.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "secret-echoed";

// Never the secret's text, only which one it is.
Finding convict(const Trace& trace, const Attempt& attempt, const SecretSighting& sighting) {
  const auto number = static_cast<std::int64_t>(sighting.secret) + 1;
  return finding_in(
      trace, kId, Level::kError,
      fmt::format("the target sent secret number {} (of --secret) {} into a connection that led back to "
                  "itself: attempt {} to {}, byte {} of what it sent, before it knew who was at the other "
                  "end",
                  number, sighting.encoding == "plain" ? "in plain text" : "as " + sighting.encoding,
                  attempt.number, attempt.destination.text(), sighting.stream_offset),
      {{"secret", number},
       {"encoding", sighting.encoding},
       {"stream_offset", as_count(sighting.stream_offset)},
       {"attempt", as_count(attempt.number)},
       {"sent_bytes", as_count(attempt.sent)}});
}

RuleOutcome judge(const Run& run) {
  if (run.secret_count == 0) return NotJudged{"no --secret given"};
  if (auto reason = no_payload_reason(run)) return NotJudged{std::move(*reason)};
  Tally tally;
  for (const Trace& trace : run.traces) {
    for (const Attempt* attempt : self_connections(trace)) {
      if (attempt->secrets.empty()) tally.clear();
      for (const SecretSighting& sighting : attempt->secrets) {
        Finding finding = convict(trace, *attempt, sighting);
        if (has_schedule(trace.phase)) finding = about_self(std::move(finding), trace, *attempt);
        tally.found(std::move(finding), fmt::format("{} {}", attempt->destination.text(), sighting.secret));
      }
    }
  }
  return std::move(tally).outcome(no_self_connection_reason(run));
}

}  // namespace

Rule secret_echoed() {
  return {
      .id = kId,
      .level = Level::kError,
      .summary = "sent a given secret to itself",
      .why =
          "It sent a password or token before it had any proof of a server. This time the bytes came back to "
          "it, often into an error message or a log as \"the server's answer\"; any other local program that "
          "takes the port first gets them just as well.",
      .decided =
          "The text given with --secret is found, plain or base64 and across packet borders, in what the "
          "target wrote into a connection whose two ends are its own. Only such connections are looked at.",
      .remedy =
          "Check for a self-connection before the first byte is written (getsockname() equal to "
          "getpeername(), address and port). Authenticate the peer before sending credentials: TLS with a "
          "verified certificate, or a challenge and response.",
      .judge = judge};
}

}  // namespace selfconnect
