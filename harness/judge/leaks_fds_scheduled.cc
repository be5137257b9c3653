// Rule leaks-fds under a schedule: sockets of failed attempts that are still open when the target talks to the server.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/judge/evidence.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/scheduled_rules.h"

namespace selfconnect {

namespace {

std::vector<const ScheduledAttempt*> leaked(const Trace& trace, const HeldSockets& held) {
  std::vector<const ScheduledAttempt*> found;
  for (const ScheduledAttempt& attempt : trace.scheduled) {
    if (attempt.destination == held.destination &&
        std::ranges::find(held.ended, attempt.number) != held.ended.end()) {
      found.push_back(&attempt);
    }
  }
  return found;
}

Finding convict(const Trace& trace, const HeldSockets& held,
                const std::vector<const ScheduledAttempt*>& attempts) {
  std::vector<std::string> texts;
  for (const ScheduledAttempt* attempt : attempts) {
    texts.push_back(fmt::format("{} ({})", attempt->number, print(met(*attempt))));
  }
  const std::string list = fmt::format("{}", fmt::join(texts, ", "));
  Finding finding =
      finding_in(trace, "leaks-fds", Level::kError,
                 fmt::format("the target holds {} of attempts that had ended when it talks to the server on "
                             "attempt {}: of attempt {}",
                             count_text(attempts.size(), "socket"), held.attempt, list),
                 {{"sockets", static_cast<std::int64_t>(attempts.size())},
                  {"attempts", list},
                  {"served_attempt", as_count(held.attempt)},
                  {"descriptors", static_cast<std::int64_t>(held.descriptors)}});
  return about(std::move(finding), *attempts.front());
}

}  // namespace

void judge_scheduled_sockets(const Run& run, const Trace& trace, Tally& tally) {
  if (!trace.held) return tally.undecided("the target did not talk to the server in the quiet window");
  const auto attempts = leaked(trace, *trace.held);
  if (attempts.empty()) return tally.clear();
  if (dials_at_once(run)) {
    return tally.undecided(
        "the target dials several times at once, so one may be about to close what another left");
  }
  tally.found(convict(trace, *trace.held, attempts));
}

}  // namespace selfconnect
