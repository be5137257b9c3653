// Rule echo-accepted: the target took its own echo, or the mere connection, for a server's success.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/rules.h"
#include "harness/judge/scheduled.h"
#include "harness/judge/scheduled_rules.h"
#include "harness/judge/success.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "echo-accepted";

Finding convict(const Run& run, const Trace& trace, const Trace& control, const Success& success) {
  const Attempt& own = *self_connections(trace).front();
  const std::string echo =
      own.sent > 0
          ? fmt::format("the connection led back to itself, and the {} it sent came back as the answer",
                        bytes_text(own.sent))
          : "the connection led back to itself";
  Evidence evidence = {{"attempt", as_count(own.number)},
                       {"ended", ended_text(trace.ended)},
                       {"refused_ended", ended_text(control.ended)}};
  if (success.match) {
    evidence.emplace_back("success_pattern", run.success_pattern);
    evidence.emplace_back("matched", *success.match);
  }
  if (own.sent > 0) evidence.emplace_back("echoed", excerpt(own.sent_head, own.sent));
  if (trace.out.total > 0) evidence.emplace_back("stdout", excerpt(trace.out.head, trace.out.total));
  if (auto line = self_connection_line(trace); !line.empty())
    evidence.emplace_back("socket", std::move(line));
  return finding_in(
      trace, kId, Level::kError,
      fmt::format("the target reported success ({}) though no server existed: {}; with nothing listening and "
                  "no self-connection it {}",
                  success.text(), echo, ended_text(control.ended)),
      std::move(evidence));
}

void judge_trace(const Run& run, const Trace& trace, const Trace& control, Tally& tally) {
  if (control.ended.stop_reason == "interrupted") return tally.undecided("the refused phase was interrupted");
  const Success success = success_of(run, trace, control);
  if (success.told()) return tally.found(convict(run, trace, control, success));
  if (auto reason = success_unknown(run, trace, control)) return tally.undecided(std::move(*reason));
  tally.clear();
}

RuleOutcome judge(const Run& run) {
  Tally tally;
  for (const Trace* trace : traces_of(run, {Phase::kSelfConnect})) {
    if (self_connections(*trace).empty()) continue;
    const Trace* control = refused_control(run, destination_of(*trace));
    if (control == nullptr) return NotJudged{not_run_reason(run, Phase::kRefused)};
    judge_trace(run, *trace, *control, tally);
  }
  if (const Trace* trace = schedule_trace(run)) judge_scheduled_echo(run, *trace, tally);
  return std::move(tally).outcome(no_self_connection_reason(run));
}

}  // namespace

Rule echo_accepted() {
  return {
      .id = kId,
      .level = Level::kError,
      .summary = "reported success though no server existed",
      .why =
          "Its TCP connection led back to itself, so every byte it wrote came back as if a server had "
          "answered. Health checks turn green, start-up goes on and data counts as delivered while nobody is "
          "there.",
      .decided =
          "Exit code 0, or a match of the --success pattern, in the self-connect phase and not in the "
          "refused control, where the target had nobody to talk to either. Under a schedule likewise, where "
          "no attempt was accepted by anybody.",
      .remedy =
          "After connect(), compare getsockname() with getpeername(), address and port; when both are equal, "
          "close with SO_LINGER 0 and treat it as a refused connection. Better still, report success only "
          "after an answer that the client's own bytes cannot be taken for.",
      .judge = judge};
}

}  // namespace selfconnect
