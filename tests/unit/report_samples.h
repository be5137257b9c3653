// Hand-written runs and judgements for the tests of the reporters.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>

#include "harness/judge/verdict.h"
#include "harness/trace/trace.h"

namespace selfconnect::samples {

using std::chrono::microseconds;

inline constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";

inline RuleOutcome unused(const Run&) { return Clear{}; }

inline constexpr std::array<Rule, 6> kRules = {{
    {"echo-accepted", Level::kError, "reported success though no server existed",
     "Its TCP connection led back to itself, so every byte it wrote came back as if a server had answered. "
     "Health "
     "checks turn green, start-up goes on and data counts as delivered while nobody is there.",
     "Exit code 0, or a match of the --success pattern, in the self-connect phase and not in the refused "
     "control, "
     "where the target had nobody to talk to either.",
     "After connect(), compare getsockname() with getpeername(), address and port; when both are equal, "
     "close with "
     "SO_LINGER 0 and treat it as a refused connection. Better still, report success only after an answer "
     "that "
     "the client's own bytes cannot be taken for.",
     unused},
    {"never-recovers", Level::kError, "did not reach the real server once it was there",
     "It stays down after its server is back.", "Reconnectors only.", "Try again after each failure.",
     unused},
    {"crashes", Level::kError, "died of a signal or a sanitizer report",
     "A crash can be provoked from outside.", "A signal that the harness did not send.", "Fix the crash.",
     unused},
    {"desynchronised", Level::kError, "starts its recovered conversation wrongly",
     "The server gets half a message.", "Against three healthy connections.", "Drop the buffers.", unused},
    {"talks-to-itself", Level::kWarning, "wrote payload to itself before it noticed",
     "Whatever it wrote came back as if a server had sent it. What a client writes first is often the most "
     "sensitive (credentials, the query), and what it reads first decides what it does next.",
     "Payload bytes seen on the wire in a connection whose two ends are the target's own.",
     "Check between connect() and the first write: when getsockname() and getpeername() are equal, address "
     "and "
     "port, close with SO_LINGER 0 and treat it as a refused connection.",
     unused},
    {"spins", Level::kWarning, "uses a core, or dials faster than the limit, without backing off",
     "It takes a core.", "Attempts a second.", "Back off.", unused},
}};

inline Endpoint loopback(std::uint16_t port = 50000) { return {Address::loopback(Family::kIpv4), port}; }

inline Trace refused() {
  Trace trace = {.phase = Phase::kRefused, .timeout = std::chrono::seconds(10)};
  trace.attempts = {.total = 1, .refused = 1};
  trace.attempts.kept = {{.number = 1,
                          .source = loopback(41001),
                          .destination = loopback(),
                          .at = microseconds(2900),
                          .outcome = Outcome::kRefused,
                          .decided_at = microseconds(2910)}};
  trace.counters = {.active_opens = 1, .attempt_fails = 1, .in_segs = 2, .out_segs = 1, .out_rsts = 1};
  trace.err = {.head = "Could not connect to Redis at 127.0.0.1:50000: Connection refused\n", .total = 66};
  trace.packets = 2;
  trace.ended = {.how = Ended::How::kExit, .code = 1, .at = microseconds(4130)};
  return trace;
}

inline Trace self_connected() {
  Trace trace = {.phase = Phase::kSelfConnect,
                 .destination = loopback(),
                 .timeout = std::chrono::seconds(10),
                 .forced = true};
  trace.attempts = {.total = 1, .self_connected = 1};
  trace.attempts.kept = {{.number = 1,
                          .source = loopback(),
                          .destination = loopback(),
                          .at = microseconds(402),
                          .outcome = Outcome::kSelfConnected,
                          .decided_at = microseconds(410),
                          .ending = Ending::kFin,
                          .sent = 14,
                          .sent_head = std::string(kPing)}};
  trace.sockets = {{.at = microseconds(520),
                    .state = TcpState::kEstablished,
                    .local = loopback(),
                    .remote = loopback(),
                    .inode = 48213}};
  trace.counters = {.active_opens = 1, .in_segs = 6, .out_segs = 5};
  trace.out = {.head = "PING\n", .total = 5};
  trace.packets = 6;
  trace.ended = {.how = Ended::How::kExit, .code = 0, .at = microseconds(3200)};
  return trace;
}

inline Trace healthy() {
  Trace trace = {.phase = Phase::kHealthy, .destination = loopback(), .timeout = std::chrono::seconds(10)};
  trace.attempts = {.total = 1, .accepted = 1};
  trace.out = {.head = "PONG\n", .total = 5};
  trace.packets = 10;
  trace.ended = {.how = Ended::How::kStopped, .at = microseconds(512'000), .stop_reason = "decided"};
  return trace;
}

inline Run redis_run() {
  Run run = {.command = {"/usr/bin/redis-cli", "-p", "50000", "PING"},
             .seed = 7,
             .kind = Kind::kOneShot,
             .destinations = {loopback()},
             .kernel = "6.18.44"};
  run.traces = {refused(), self_connected(), healthy()};
  run.not_run = {{Phase::kRecover, "the target ends by itself"}};
  return run;
}

// Every rule clear but two that a one-shot target cannot be judged by.
inline Judgement pass() {
  Judgement judgement;
  for (const Rule& rule : kRules) judgement.rules.push_back({&rule, Clear{}});
  judgement.rules[1].outcome = NotJudged{"the target ends by itself"};
  judgement.rules[3].outcome = NotJudged{"the target ends by itself"};
  return judgement;
}

// `finding` joins its rule's outcome and the judgement's list.
inline void add(Judgement& judgement, const Finding& finding) {
  judgement.findings.push_back(finding);
  for (RuleReport& report : judgement.rules) {
    if (report.rule->id != finding.rule) continue;
    if (!std::holds_alternative<Findings>(report.outcome)) report.outcome = Findings{};
    std::get<Findings>(report.outcome).push_back(finding);
  }
}

inline constexpr std::string_view kSocketLine = "ESTAB 0 0 127.0.0.1:50000 127.0.0.1:50000 ino:48213";

inline Finding echo_accepted() {
  return {
      .rule = "echo-accepted",
      .level = Level::kError,
      .phase = Phase::kSelfConnect,
      .destination = loopback(),
      .message =
          "the target reported success (exited with code 0) though no server existed: the connection led "
          "back to itself, and the 14 bytes it sent came back as the answer; with nothing listening and no "
          "self-connection it exited with code 1",
      .evidence = {{"attempt", std::int64_t{1}},
                   {"ended", "exited with code 0"},
                   {"refused_ended", "exited with code 1"},
                   {"echoed", Bytes{std::string(kPing), 14}},
                   {"stdout", Bytes{"PING\n", 5}},
                   {"socket", std::string(kSocketLine)}}};
}

inline Finding talks_to_itself() {
  return {.rule = "talks-to-itself",
          .level = Level::kWarning,
          .phase = Phase::kSelfConnect,
          .destination = loopback(),
          .message =
              "the target wrote 14 bytes to itself over 1 self-connection, the first 0.21 ms after it had "
              "connected",
          .evidence = {{"connections", std::int64_t{1}},
                       {"bytes", std::int64_t{14}},
                       {"attempt", std::int64_t{1}},
                       {"sent", Bytes{std::string(kPing), 14}},
                       {"first_write_after_connect_ms", 0.21}}};
}

inline Finding spins_in_control() {
  return {.rule = "spins",
          .level = Level::kWarning,
          .phase = Phase::kRefused,
          .message = "the target dialled 900 times a second",
          .evidence = {{"attempts_per_second", 900.0}},
          .counted = false};
}

inline Judgement redis_judgement() {
  Judgement judgement = pass();
  judgement.verdict = Verdict::kFail;
  add(judgement, echo_accepted());
  add(judgement, talks_to_itself());
  add(judgement, spins_in_control());
  return judgement;
}

// As not_judged() makes it: every rule has the run's reason.
inline Judgement unjudged(Verdict verdict, const std::string& reason) {
  Judgement judgement = {.verdict = verdict, .reason = reason};
  for (const Rule& rule : kRules) judgement.rules.push_back({&rule, NotJudged{reason}});
  return judgement;
}

inline Judgement skip() {
  return unjudged(Verdict::kSkip,
                  "forcing does not work here: unshare(CLONE_NEWUSER): Operation not permitted");
}

inline Judgement failed() {
  return unjudged(Verdict::kError, "failed to start the target: execve(redis-cil): No such file");
}

// Ctrl-C during `healthy`: two phases are known, and one finding.
inline Run interrupted_run() {
  Run run = redis_run();
  run.traces.back().ended = {
      .how = Ended::How::kStopped, .at = microseconds(120'000), .stop_reason = "interrupted"};
  run.not_run.emplace_back(Phase::kSamePort, "interrupted");
  return run;
}

inline Judgement interrupted() {
  Judgement judgement = pass();
  judgement.verdict = Verdict::kError;
  judgement.reason = "interrupted by SIGINT; what was known by then follows";
  add(judgement, echo_accepted());
  return judgement;
}

// A client that keeps its self-connection, and takes it for success.
inline Run scheduled_run() {
  Run run = redis_run();
  run.command = {"./client", "50000"};
  run.not_run.clear();
  const Event refuse = {.kind = EventKind::kRefuse, .amount = 0, .steps = {}};
  const Event self = {.kind = EventKind::kSelf, .amount = 0, .steps = {}};
  const Event garbage = {.kind = EventKind::kGarbage, .amount = 16, .steps = {}};
  Trace trace = {.phase = Phase::kSchedule, .timeout = std::chrono::seconds(10), .forced = true};
  trace.schedule = {.entries = {{.event = garbage, .count = 1},
                                {.event = refuse, .count = 2},
                                {.event = self, .count = 2}}};
  for (std::uint64_t number = 1; number <= 5; ++number) {
    trace.scheduled.push_back({.number = number,
                               .destination = loopback(),
                               .event = event_of(trace.schedule, number),
                               .source_port = static_cast<std::uint16_t>(41000 + number),
                               .at = microseconds(number * 900)});
  }
  trace.scheduled[0].peer = PeerView{.moves = {{.what = PeerMove::What::kReceived, .bytes = 14},
                                               {.what = PeerMove::What::kSent, .bytes = 16},
                                               {.what = PeerMove::What::kFinReceived, .bytes = 0}},
                                     .received = 14,
                                     .sent = 16};
  trace.scheduled[3].source_port = 50000;
  trace.scheduled[4].source_port = 0;
  trace.scheduled[4].instead = "port 50000 is held by the target's own self-connection of attempt 4";
  trace.scheduled[4].held_by = 4;
  trace.attempts = {.total = 4, .refused = 2, .self_connected = 1, .accepted = 1};
  trace.attempts.kept = {{.number = 4,
                          .source = loopback(),
                          .destination = loopback(),
                          .at = microseconds(3602),
                          .outcome = Outcome::kSelfConnected,
                          .decided_at = microseconds(3650)}};
  trace.packets = 20;
  trace.ended = {.how = Ended::How::kStopped, .at = microseconds(9'000'000), .stop_reason = "blocked"};
  Trace single = {.phase = Phase::kSingleEvent, .timeout = std::chrono::seconds(10), .forced = true};
  single.schedule = {.entries = {{.event = garbage, .count = 1}}};
  single.ended = {.how = Ended::How::kExit, .code = 1, .at = microseconds(4200)};
  run.traces = {refused(), healthy(), trace, single};
  return run;
}

inline Judgement scheduled_judgement() {
  Judgement judgement = pass();
  judgement.verdict = Verdict::kFail;
  Finding finding = echo_accepted();
  finding.phase = Phase::kSchedule;
  finding.message = "the target reported success (exited with code 0) though nobody had accepted it";
  finding.evidence = {{"event", "self"}, {"attempt", std::int64_t{4}}, {"ended", "exited with code 0"}};
  add(judgement, finding);
  return judgement;
}

}  // namespace selfconnect::samples
