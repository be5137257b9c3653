// Rule echo-accepted under a schedule: success is told though no attempt was accepted by anybody.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/scheduled_rules.h"
#include "harness/judge/success.h"

namespace selfconnect {

namespace {

bool was_accepted(const Trace& trace) {
  return trace.attempts.accepted > 0 || std::ranges::any_of(trace.scheduled, [](const auto& attempt) {
           return is_accepted(met(attempt).kind);
         });
}

// A reconnector's control was stopped before it gave up, so an exit with 0 after refusals alone may be its way of giving up.
bool may_be_giving_up(const Trace& trace, const Trace& refused) {
  return !ended_by_itself(refused) && std::ranges::none_of(trace.scheduled, [](const auto& attempt) {
    return met(attempt).kind == EventKind::kSelf;
  });
}

Finding convict(const Run& run, const Trace& trace, const Trace& refused, const Success& success) {
  const ScheduledAttempt& last = *last_attempt(trace);
  Evidence evidence = {{"ended", ended_text(trace.ended)}, {"refused_ended", ended_text(refused.ended)}};
  if (success.match) {
    evidence.emplace_back("success_pattern", run.success_pattern);
    evidence.emplace_back("matched", *success.match);
  }
  const auto own = self_connections(trace);
  if (!own.empty() && own.back()->sent > 0) {
    evidence.emplace_back("echoed", excerpt(own.back()->sent_head, own.back()->sent));
  }
  if (trace.out.total > 0) evidence.emplace_back("stdout", excerpt(trace.out.head, trace.out.total));
  if (auto line = self_connection_line(trace); !line.empty())
    evidence.emplace_back("socket", std::move(line));
  return about(
      finding_in(trace, "echo-accepted", Level::kError,
                 fmt::format("the target reported success ({}) after {}, though nobody had accepted any of "
                             "its {}; with nothing listening it {}",
                             success.text(), met_text(last), count_text(trace.scheduled.size(), "attempt"),
                             ended_text(refused.ended)),
                 std::move(evidence)),
      last);
}

}  // namespace

void judge_scheduled_echo(const Run& run, const Trace& trace, Tally& tally) {
  const ScheduledAttempt* last = last_attempt(trace);
  if (last == nullptr) return tally.undecided(no_attempt_reason());
  const Trace* refused = refused_control(run, last->destination);
  if (refused == nullptr) return tally.undecided(not_run_reason(run, Phase::kRefused));
  if (refused->ended.stop_reason == "interrupted")
    return tally.undecided("the refused phase was interrupted");
  if (was_accepted(trace)) {
    return tally.undecided("an attempt was accepted, so success may be told of that connection");
  }
  Success success = success_of(run, trace, *refused);
  const bool unsure = success.by_exit && may_be_giving_up(trace, *refused);
  if (unsure) success.by_exit = false;
  if (success.told()) return tally.found(convict(run, trace, *refused, success));
  if (unsure) {
    return tally.undecided(
        "the target ended after refusals alone, and the refused control was stopped before that");
  }
  if (auto reason = success_unknown(run, trace, *refused)) return tally.undecided(std::move(*reason));
  tally.clear();
}

}  // namespace selfconnect
