// What the rules but hangs and never-recovers make of a phase with a schedule.
// SPDX-License-Identifier: MIT
#include "harness/judge/scheduled.h"
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

Trace healthy() { return TraceBuilder(Phase::kHealthy).accepted(1ms, "HELLO\nGET 1\n").exited(0, 3ms); }

std::string event_of_first(const RuleOutcome& outcome) {
  return evidence_of<std::string>(first_finding(outcome), "event");
}
std::int64_t attempt_of_first(const RuleOutcome& outcome) {
  return evidence_of<std::int64_t>(first_finding(outcome), "attempt");
}

TEST(ScheduledTest, TellsWhatAnAttemptMet) {
  Trace trace =
      under("self garbage:3 serve").meets(1ms, "self").meets(2ms, "garbage:3").held(1).meets(3ms, "serve");
  EXPECT_EQ(met_text(trace.scheduled[0]), "attempt 1 (self)");
  EXPECT_EQ(met_text(trace.scheduled[1]), "attempt 2 (refuse)");
  EXPECT_FALSE(in_quiet_window(trace, trace.scheduled[1]));
  EXPECT_TRUE(in_quiet_window(trace, trace.scheduled[2]));
  EXPECT_EQ(attempt_before(trace, trace.scheduled[2]), &trace.scheduled[1]);
  EXPECT_EQ(attempt_before(trace, trace.scheduled[0]), nullptr);
}

TEST(ScheduledTest, FindsThePacketsOfAnAttemptThoughNumbersDiffer) {
  Trace trace = under("exhausted self self serve")
                    .meets(1ms, "exhausted")
                    .meets(2ms, "self")
                    .meets(3ms, "self")
                    .meets(4ms, "serve");
  EXPECT_EQ(packets_of(trace, trace.scheduled[0]), nullptr);
  EXPECT_EQ(packets_of(trace, trace.scheduled[1]), &trace.attempts.kept[0]);
  EXPECT_EQ(packets_of(trace, trace.scheduled[2]), &trace.attempts.kept[1]);
  EXPECT_EQ(scheduled_of(trace, trace.attempts.kept[2]), &trace.scheduled[3]);
}

// An attempt is held back while another one to its destination is undecided, so its SYN may come much later than its connect().
TEST(ScheduledTest, TellsAttemptsApartByTheirPorts) {
  Trace trace = under("refuse*2 serve").meets(1ms, "refuse").meets(3ms, "refuse");
  trace.attempts.kept[0].at = 3ms;
  trace.attempts.kept[1].at = 4ms;
  EXPECT_EQ(packets_of(trace, trace.scheduled[1]), &trace.attempts.kept[1]);
}

TEST(ScheduledTest, KnowsATargetThatDialsAtOnce) {
  EXPECT_FALSE(dials_at_once(run_of({reconnector_control(), healthy()})));
  EXPECT_TRUE(dials_at_once(run_of({TraceBuilder(Phase::kHealthy).accepted(1ms).accepted(2ms)})));
  EXPECT_FALSE(dials_at_once(
      run_of({TraceBuilder(Phase::kHealthy).accepted(1ms).closed(Ending::kFin, 2ms).accepted(2ms)})));
  EXPECT_TRUE(dials_at_once(run_of({TraceBuilder(Phase::kRefused).refused(1ms).refused(1010us)})));
  EXPECT_FALSE(dials_at_once(run_of({under("silent*2 serve").meets(1ms, "silent").meets(2ms, "silent")})));
}

RuleOutcome echo(const Run& run) { return judge_by("echo-accepted", run); }

TEST(EchoAcceptedScheduledTest, TripsOnSuccessThoughNobodyAccepted) {
  const auto lied = under("self refuse serve").meets(1ms, "self").meets(2ms, "refuse").exited(0, 3ms);
  const auto outcome = echo(run_of({one_shot_control(), lied}));
  ASSERT_THAT(
      outcome,
      IsFound(
          "exited with code 0) after attempt 2 (refuse), though nobody had accepted any of its 2 attempts"));
  EXPECT_EQ(event_of_first(outcome), "refuse");
  EXPECT_EQ(attempt_of_first(outcome), 2);
  EXPECT_THAT(echo(run_of({reconnector_control(), lied})), IsFound("reported success"));
}

TEST(EchoAcceptedScheduledTest, TripsOnTheSuccessPattern) {
  auto run = run_of(
      {reconnector_control(), under("self serve").meets(1ms, "self").out("OK\n").stopped("blocked", 9ms)});
  run.success_pattern = "OK";
  EXPECT_THAT(echo(run), IsFound("printed its success pattern"));
  run.traces[1].out = {};
  EXPECT_THAT(echo(run), IsClear());
}

TEST(EchoAcceptedScheduledTest, IsClearOfATargetThatFails) {
  EXPECT_THAT(echo(run_of({one_shot_control(), under("self serve").meets(1ms, "self").exited(1, 3ms)})),
              IsClear());
}

TEST(EchoAcceptedScheduledTest, IsNotJudgedOnceAnAttemptWasAccepted) {
  for (const std::string_view event : {"serve", "garbage:3", "silent", "close"}) {
    const auto run =
        run_of({one_shot_control(), under("self serve").meets(1ms, "self").meets(2ms, event).exited(0, 3ms)});
    EXPECT_THAT(echo(run), IsNotJudged("an attempt was accepted")) << event;
  }
  // One that met a refusal instead was not.
  EXPECT_THAT(echo(run_of({one_shot_control(), under("self serve").meets(1ms, "self").exited(0, 3ms)})),
              IsFound("self"));
}

TEST(EchoAcceptedScheduledTest, IsNotJudgedOfAReconnectorThatGivesUp) {
  const auto run =
      run_of({reconnector_control(), under("refuse*99 serve").meets_refusals(1ms, 1ms, 50).exited(0, 1s)});
  EXPECT_THAT(echo(run), IsNotJudged("stopped before that"));
  EXPECT_THAT(echo(run_of({one_shot_control(), under("refuse serve").meets(1ms, "refuse").exited(0, 3ms)})),
              IsFound("refuse"));
}

TEST(EchoAcceptedScheduledTest, IsNotJudgedWithoutItsControl) {
  const auto lied = under("self serve").meets(1ms, "self").exited(0, 3ms);
  EXPECT_THAT(echo(run_of({lied})), IsNotJudged("refused phase was not run"));
  EXPECT_THAT(echo(run_of({one_shot_control().exited(0, 3ms), lied})), IsNotJudged("even when refused"));
  EXPECT_THAT(echo(run_of({one_shot_control(), under("self serve")})), IsNotJudged("made no attempt"));
}

TEST(SecretEchoedScheduledTest, CountsTheSelfConnectionsOfTheSchedule) {
  auto run = run_of({under("exhausted self serve")
                         .meets(1ms, "exhausted")
                         .meets(2ms, "self")
                         .said("hunter2")
                         .secret(0, "plain", 0)});
  run.secret_count = 1;
  const auto outcome = judge_by("secret-echoed", run);
  ASSERT_THAT(outcome, IsFound("secret number 1"));
  EXPECT_EQ(event_of_first(outcome), "self");
  EXPECT_EQ(attempt_of_first(outcome), 2);
  run.traces = {under("self serve").meets(1ms, "self")};
  EXPECT_THAT(judge_by("secret-echoed", run), IsClear());
  run.traces = {under("refuse serve").meets(1ms, "refuse")};
  EXPECT_THAT(judge_by("secret-echoed", run), IsNotJudged("never connected to itself in the schedule phase"));
}

TEST(TalksToItselfScheduledTest, CountsTheSelfConnectionsOfTheSchedule) {
  const auto outcome =
      judge_by("talks-to-itself",
               run_of({under("refuse self serve").meets(1ms, "refuse").meets(2ms, "self").said("PING")}));
  ASSERT_THAT(outcome, IsFound("wrote 4 bytes to itself"));
  EXPECT_EQ(event_of_first(outcome), "self");
  EXPECT_EQ(attempt_of_first(outcome), 2);
  EXPECT_THAT(judge_by("talks-to-itself", run_of({under("self serve").meets(1ms, "self")})), IsClear());
  EXPECT_THAT(judge_by("talks-to-itself", run_of({under("refuse serve").meets(1ms, "refuse")})),
              IsNotJudged("in the schedule phase"));
}

TEST(CrashesScheduledTest, CountsACrashAfterAnyEvent) {
  const auto outcome =
      judge_by("crashes", run_of({under("garbage:16 serve").meets(1ms, "garbage:16").crashed(11, 3ms)}));
  ASSERT_THAT(outcome, IsFound("died of SIGSEGV after attempt 1 (garbage:16)"));
  EXPECT_TRUE(first_finding(outcome).counted);
  EXPECT_EQ(event_of_first(outcome), "garbage");
  EXPECT_THAT(
      judge_by("crashes", run_of({under("garbage:16 serve").meets(1ms, "garbage:16").exited(1, 3ms)})),
      IsClear());
  EXPECT_THAT(judge_by("crashes", run_of({under("garbage:16 serve")})), IsNotJudged("made no attempt"));
}

TEST(CrashesScheduledTest, DoesNotCountTheCrashOfAControl) {
  const auto single =
      under("garbage:16 serve", Phase::kSingleEvent).meets(1ms, "garbage:16").crashed(11, 3ms);
  EXPECT_FALSE(first_finding(judge_by("crashes", run_of({single}))).counted);
}

Trace served_with_held(std::vector<std::uint64_t> ended) {
  auto builder = under("self reset self serve")
                     .meets(1ms, "self")
                     .meets(2ms, "reset")
                     .meets(3ms, "self")
                     .meets(4ms, "serve");
  builder.trace().held = {
      .at = 5ms, .destination = kServer, .attempt = 4, .ended = std::move(ended), .descriptors = 6};
  return builder;
}

TEST(LeaksFdsScheduledTest, TripsOnSocketsOfEndedAttempts) {
  const auto outcome =
      judge_by("leaks-fds", run_of({one_shot_control(), healthy(), served_with_held({2, 3})}));
  ASSERT_THAT(outcome, IsFound("holds 2 sockets of attempts that had ended when it talks to the server on "
                               "attempt 4: of attempt 2 (reset), 3 (self)"));
  EXPECT_EQ(event_of_first(outcome), "reset");
  EXPECT_EQ(attempt_of_first(outcome), 2);
  EXPECT_EQ(evidence_of<std::int64_t>(first_finding(outcome), "sockets"), 2);
}

TEST(LeaksFdsScheduledTest, IsClearWhenAllAreClosed) {
  EXPECT_THAT(judge_by("leaks-fds", run_of({one_shot_control(), healthy(), served_with_held({})})),
              IsClear());
}

// Sockets of a phase with a schedule are known one by one: what grows may be what the events keep open.
TEST(LeaksFdsScheduledTest, LeavesGrowthToTheControls) {
  const auto growing = [](TraceBuilder builder) {
    for (std::uint64_t i = 1; i <= 20; ++i) {
      builder.sample({.at = 1ms + 500ms * static_cast<int>(i),
                      .attempts = i,
                      .descriptors = static_cast<std::uint32_t>(4 + i)});
    }
    return builder;
  };
  EXPECT_THAT(judge_by("leaks-fds", run_of({growing(reconnector_control())})),
              IsFound("more file descriptors"));
  EXPECT_THAT(
      judge_by("leaks-fds", run_of({growing(under("refuse*20 serve").meets_refusals(1ms, 500ms, 20))})),
      IsNotJudged("did not talk"));
}

TEST(LeaksFdsScheduledTest, IsNotJudgedWhereNothingIsKnownOfTheSockets) {
  const Trace two = TraceBuilder(Phase::kHealthy).accepted(1ms).accepted(2ms);
  EXPECT_THAT(judge_by("leaks-fds", run_of({two, served_with_held({2})})),
              IsNotJudged("dials several times at once"));
  EXPECT_THAT(judge_by("leaks-fds", run_of({healthy(), under("self serve").meets(1ms, "self")})),
              IsNotJudged("did not talk"));
}

TEST(HoldsPortScheduledTest, TripsOnAPortHeldWhileItDialsAnew) {
  const auto held = under("self*2 serve").meets(1ms, "self").meets(7ms, "self").held(1);
  const auto outcome = judge_by("holds-port", run_of({healthy(), held}));
  ASSERT_THAT(outcome,
              IsFound("of attempt 1 open and so held port 50000, also while it dialled anew on attempt 2"));
  EXPECT_EQ(event_of_first(outcome), "self");
  EXPECT_EQ(attempt_of_first(outcome), 1);
  EXPECT_EQ(evidence_of<double>(first_finding(outcome), "held_ms"), 6);
  const Trace two = TraceBuilder(Phase::kHealthy).accepted(1ms).accepted(2ms);
  EXPECT_THAT(judge_by("holds-port", run_of({two, held})), IsNotJudged("dials several times at once"));
}

TEST(HoldsPortScheduledTest, IsNotJudgedWhenTheHolderIsNotKept) {
  EXPECT_THAT(
      judge_by("holds-port", run_of({under("self*2 serve").meets(1ms, "self").meets(7ms, "self").held(9)})),
      IsNotJudged("no attempt after a self-connection"));
}

TEST(HoldsPortScheduledTest, IsClearWhenThePortWasFreeAgain) {
  EXPECT_THAT(judge_by("holds-port", run_of({under("self serve").meets(1ms, "self").meets(2ms, "serve")})),
              IsClear());
}

TEST(HoldsPortScheduledTest, IsNotJudgedWithoutAnAttemptAfterASelfConnection) {
  EXPECT_THAT(
      judge_by("holds-port", run_of({under("refuse self serve").meets(1ms, "refuse").meets(2ms, "self")})),
      IsNotJudged("no attempt after a self-connection"));
}

RuleOutcome desynchronised(Trace trace) {
  return judge_by("desynchronised", run_of({healthy(), healthy(), healthy(), std::move(trace)}));
}

TEST(DesynchronisedScheduledTest, TripsOnBytesOfAnEarlierConnection) {
  const auto left_over = under("truncate:2 serve")
                             .meets(1ms, "truncate:2")
                             .said("HELLO\nGET 1\n")
                             .meets(2ms, "serve")
                             .said("GET 1\nHELLO\nGET 1\n");
  const auto outcome = desynchronised(left_over);
  ASSERT_THAT(outcome, IsFound("6 bytes that it had written to an earlier connection before come first"));
  EXPECT_EQ(event_of_first(outcome), "truncate");
  EXPECT_EQ(attempt_of_first(outcome), 1);
  EXPECT_EQ(evidence_of<std::int64_t>(first_finding(outcome), "served_attempt"), 2);
}

TEST(DesynchronisedScheduledTest, TripsOnAStartOfItsOwnAfterASelfConnection) {
  EXPECT_THAT(desynchronised(
                  under("self serve").meets(1ms, "self").said("HELLO\n").meets(2ms, "serve").said("GET 1\n")),
              IsFound("differs from byte 0 on"));
}

// The peer took the request; the next one follows.
TEST(DesynchronisedScheduledTest, IsNotJudgedWhereItMayGoOn) {
  EXPECT_THAT(desynchronised(under("truncate:2 serve")
                                 .meets(1ms, "truncate:2")
                                 .said("HELLO\n")
                                 .meets(2ms, "serve")
                                 .said("GET 1\n")),
              IsNotJudged("may go on behind that"));
}

TEST(DesynchronisedScheduledTest, IsClearWhenItStartsAnew) {
  EXPECT_THAT(desynchronised(under("reset serve")
                                 .meets(1ms, "reset")
                                 .said("HELLO\n")
                                 .meets(2ms, "serve")
                                 .said("HELLO\nGET 1\n")),
              IsClear());
}

TEST(DesynchronisedScheduledTest, LooksAtTheQuietWindowOnly) {
  const auto served_twice =
      under("serve reset serve").meets(1ms, "serve").said("HELLO\n").meets(2ms, "reset").meets(3ms, "serve");
  auto starts_anew = served_twice;
  EXPECT_THAT(desynchronised(starts_anew.said("HELLO\nGET 1\n")), IsClear());
  auto left_over = served_twice;
  EXPECT_THAT(desynchronised(left_over.said("HELLO\nHELLO\nGET 1\n")), IsFound("6 bytes"));
}

TEST(DesynchronisedScheduledTest, IsNotJudgedWithoutARecoveredConnection) {
  EXPECT_THAT(desynchronised(under("self serve").meets(1ms, "self")), IsNotJudged("no attempt was served"));
  EXPECT_THAT(desynchronised(under("serve").meets(1ms, "serve")), IsNotJudged("first attempt was served"));
  EXPECT_THAT(desynchronised(under("self serve")), IsNotJudged("made no attempt"));
}

TEST(LeavesChildrenScheduledTest, NamesTheLastAttempt) {
  const auto outcome =
      judge_by("leaves-children",
               run_of({under("self serve").meets(1ms, "self").exited(1, 3ms).left_behind({"sleep"})}));
  ASSERT_THAT(outcome, IsFound("left 1 process running"));
  EXPECT_EQ(event_of_first(outcome), "self");
}

TEST(ScheduledRulesTest, LeavesOutWhatAScheduleDoesNotAsk) {
  auto fast = under("refuse*9999 serve").meets_refusals(1ms, 1ms, 3000).stopped("decided", 3100ms);
  fast.trace().attempts.first_at = 1ms;
  const auto run = run_of({one_shot_control(), healthy(), fast});
  for (const std::string_view rule : {"leaves-time-wait", "resets-backoff", "false-guard"}) {
    EXPECT_THAT(judge_by(rule, run), IsNotJudged("does not put it to the test")) << rule;
  }
  EXPECT_THAT(judge_by("spins", run), IsClear());
  EXPECT_THAT(judge_by("spins", run_of({fast})), IsNotJudged("in any phase that shows it"));
}

// Nothing nonsensical may be said where only these phases were run.
TEST(ScheduledRulesTest, SaysOfNoRuleThatAForcedPhaseLacks) {
  const auto run =
      run_of({one_shot_control(), healthy(), under("refuse serve").meets(1ms, "refuse").exited(1, 2ms)});
  for (const Rule& rule : all_rules()) {
    const auto outcome = rule.judge(run);
    const auto* open = std::get_if<NotJudged>(&outcome);
    if (open == nullptr) continue;
    for (const std::string_view phase :
         {"self-connect phase", "bind phase", "recover phase", "same-port phase"}) {
      EXPECT_EQ(open->reason.find(phase), std::string::npos) << rule.id << ": " << open->reason;
    }
  }
}

}  // namespace
}  // namespace selfconnect
