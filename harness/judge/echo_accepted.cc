// Rule echo-accepted: the target took its own echo, or the mere connection, for a server's success.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "harness/judge/evidence.h"
#include "harness/judge/observed.h"
#include "harness/judge/rules.h"
#include "harness/judge/success_pattern.h"
#include "harness/judge/tally.h"

namespace selfconnect {

namespace {

constexpr std::string_view kId = "echo-accepted";

// What told of success in the self-connect phase, and not in the control.
struct Success {
  bool by_exit = false;
  std::optional<std::string> match;
};

Finding convict(const Run& run, const Trace& trace, const Trace& control, const Success& success) {
  const Attempt& own = *self_connections(trace).front();
  std::string how = success.by_exit ? "exited with code 0" : "";
  if (success.match) {
    how += fmt::format("{}printed its success pattern (\"{}\")", how.empty() ? "" : " and ", *success.match);
  }
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
                  how, echo, ended_text(control.ended)),
      std::move(evidence));
}

void judge_trace(const Run& run, const Trace& trace, const Trace& control, Tally& tally) {
  if (control.ended.stop_reason == "interrupted") return tally.undecided("the refused phase was interrupted");
  const bool zero = exited_with_zero(trace);
  Success success{.by_exit = zero && !exited_with_zero(control)};
  const auto pattern =
      run.success_pattern.empty() ? std::nullopt : SuccessPattern::compile(run.success_pattern);
  const bool matches_refused = pattern && pattern->find(control);
  if (pattern && !matches_refused) success.match = pattern->find(trace);
  if (success.by_exit || success.match) return tally.found(convict(run, trace, control, success));

  if (matches_refused) return tally.undecided("the success pattern also matches when nothing listens");
  if (pattern) return tally.clear();
  if (!run.success_pattern.empty()) {
    return tally.undecided("the success pattern is no valid regular expression");
  }
  if (zero) return tally.undecided("no --success, and the target exits with code 0 even when refused");
  if (!ended_by_itself(trace) && target_kind(run) == Kind::kReconnector) {
    return tally.undecided("no --success for a reconnector");
  }
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
          "answered. Health checks turn green, start-up goes on and data counts as delivered while nobody "
          "is there.",
      .decided =
          "Exit code 0, or a match of the --success pattern, in the self-connect phase and not in the "
          "refused control, where the target had nobody to talk to either.",
      .remedy =
          "After connect(), compare getsockname() with getpeername(), address and port; when both are "
          "equal, close with SO_LINGER 0 and treat it as a refused connection. Better still, report "
          "success only after an answer that the client's own bytes cannot be taken for.",
      .judge = judge};
}

}  // namespace selfconnect
