// Rule never-recovers under a schedule.
// SPDX-License-Identifier: MIT
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("never-recovers", run); }

Run with_pattern(std::vector<Trace> traces, std::string pattern = "PONG") {
  Run run = run_of(std::move(traces));
  run.success_pattern = std::move(pattern);
  return run;
}

TraceBuilder healthy(Instant stopped = 500ms) {
  auto builder = TraceBuilder(Phase::kHealthy).accepted(1ms, "PING").stopped("decided", stopped);
  builder.last().received = 7;
  return builder;
}
TraceBuilder healthy_one_shot() { return healthy().out("PONG\n").exited(0, 3ms); }

TraceBuilder served_after(std::string_view event, PeerView seen = peer_saw(14, 7)) {
  return under(std::string(event).append(" serve")).meets(1ms, event).meets(2ms, "serve", std::move(seen));
}

TEST(NeverRecoversScheduledTest, TripsOnAReconnectorThatGivesUpAfterANetworkFailure) {
  for (const std::string_view event : {"refuse", "self", "drop", "exhausted", "reset", "close"}) {
    const auto gave_up = under(std::string(event).append(" serve")).meets(1ms, event).exited(1, 5ms);
    const auto outcome = judged(run_of({reconnector_control(), gave_up}));
    ASSERT_THAT(outcome, IsFound("the target gave up: it exited with code 1")) << event;
    EXPECT_EQ(evidence_of<std::string>(first_finding(outcome), "event"), event);
    EXPECT_EQ(evidence_of<std::int64_t>(first_finding(outcome), "attempt"), 1);
  }
}

TEST(NeverRecoversScheduledTest, LetsAReconnectorGiveUpAfterWhatIsNoFailureOfTheNetwork) {
  for (const std::string_view event :
       {"garbage:16", "truncate:3", "half-close", "silent", "script[close]", "serve"}) {
    const auto gave_up = under(std::string(event).append(" refuse serve")).meets(1ms, event).exited(1, 5ms);
    EXPECT_THAT(judged(run_of({reconnector_control(), gave_up})), IsNotJudged("as it may")) << event;
  }
}

// It may have had enough.
TEST(NeverRecoversScheduledTest, LetsAReconnectorGiveUpAfterMoreThanTheControlShows) {
  const auto control = TraceBuilder(Phase::kRefused).refused_each(1ms, 500ms, 4).stopped("decided", 1700ms);
  const auto after = [&](std::size_t refusals, Instant end) {
    return run_of({control, under("refuse*9 serve").meets_refusals(1ms, 100ms, refusals).exited(1, end)});
  };
  EXPECT_THAT(judged(after(3, 400ms)), IsFound("3 plain refusals in a row"));
  EXPECT_THAT(judged(after(4, 400ms)), IsNotJudged("after 4 failed attempts"));
  EXPECT_THAT(judged(after(3, 1700ms)), IsFound("gave up"));
  EXPECT_THAT(judged(after(3, 1701ms)), IsNotJudged("and 1.7 s"));
  const auto served_between = under("refuse*3 serve refuse serve")
                                  .meets_refusals(1ms, 100ms, 3)
                                  .meets(1s, "serve")
                                  .meets(2s, "refuse")
                                  .exited(1, 2001ms);
  EXPECT_THAT(judged(run_of({control, served_between})), IsFound("gave up"));
}

TEST(NeverRecoversScheduledTest, LeavesOtherEndsToTheirRules) {
  const auto self = [] { return under("self serve").meets(1ms, "self"); };
  EXPECT_THAT(judged(run_of({reconnector_control(), self().exited(0, 5ms)})),
              IsNotJudged("see echo-accepted"));
  EXPECT_THAT(judged(run_of({reconnector_control(), self().crashed(11, 5ms)})), IsNotJudged("see crashes"));
  EXPECT_THAT(judged(run_of({reconnector_control(), self().stopped("blocked", 5ms)})),
              IsNotJudged("see hangs"));
  EXPECT_THAT(judged(run_of({reconnector_control(), self().meets(2ms, "serve").held(1)})),
              IsNotJudged("the port is held"));
  EXPECT_THAT(judged(run_of({one_shot_control(), self().exited(1, 5ms)})), IsNotJudged("one-shot"));
  EXPECT_THAT(judged(run_of({self().exited(1, 5ms)})), IsNotJudged("refused phase was not run"));
  EXPECT_THAT(judged(run_of({reconnector_control(), under("self serve")})), IsNotJudged("made no attempt"));
  EXPECT_THAT(judged(run_of({reconnector_control(), self().stopped("interrupted", 5ms)})),
              IsNotJudged("interrupted"));
  auto ends = run_of({one_shot_control(), self().exited(1, 5ms)});
  ends.kind = Kind::kReconnector;
  EXPECT_THAT(judged(ends), IsNotJudged("also gives up after refusals"));
}

TEST(NeverRecoversScheduledTest, IsClearOfAReconnectorThatIsServed) {
  EXPECT_THAT(judged(run_of({reconnector_control(), served_after("self").stopped("decided", 9ms)})),
              IsClear());
}

TEST(NeverRecoversScheduledTest, IsNotJudgedOfADestinationThatItLeftForAnother) {
  const auto left = under("self serve")
                        .meets(1ms, "self")
                        .meets(2ms, "self", {}, kOtherServer)
                        .meets(3ms, "serve", {}, kOtherServer);
  EXPECT_THAT(judged(run_of({reconnector_control(), left})),
              IsNotJudged("did not come back to 127.0.0.1:50000"));
  auto back = left;
  EXPECT_THAT(judged(run_of({reconnector_control(), back.meets(4ms, "serve")})), IsClear());
}

TEST(NeverRecoversScheduledTest, TripsOnATargetThatFailsThoughServed) {
  const auto failed = served_after("reset").exited(2, 9ms);
  const auto outcome = judged(run_of({one_shot_control(), healthy_one_shot(), failed}));
  ASSERT_THAT(outcome, IsFound("served on attempt 2, after attempt 1 (reset), and exited with code 2"));
  EXPECT_EQ(evidence_of<std::string>(first_finding(outcome), "event"), "reset");
  EXPECT_EQ(evidence_of<std::int64_t>(first_finding(outcome), "served_attempt"), 2);
  EXPECT_THAT(judged(run_of({one_shot_control(), healthy_one_shot(), served_after("reset").exited(0, 9ms)})),
              IsClear());
}

TEST(NeverRecoversScheduledTest, IsNotJudgedOfAFailureThatServiceDoesNotExplain) {
  const auto failed = served_after("reset").exited(2, 9ms);
  EXPECT_THAT(judged(run_of({one_shot_control(), failed})), IsNotJudged("healthy phase was not run"));
  EXPECT_THAT(judged(run_of({one_shot_control(), healthy().exited(2, 9ms), failed})),
              IsNotJudged("in healthy either"));
  EXPECT_THAT(judged(run_of({reconnector_control(), healthy(), failed})),
              IsNotJudged("was stopped in healthy"));
  const auto unanswered = served_after("reset", peer_saw(14, 0)).exited(2, 9ms);
  EXPECT_THAT(judged(run_of({one_shot_control(), healthy_one_shot(), unanswered})),
              IsNotJudged("not answered"));
  const auto mute = TraceBuilder(Phase::kHealthy).accepted(1ms, "PING").exited(0, 3ms);
  EXPECT_THAT(judged(run_of({one_shot_control(), mute, unanswered})), IsNotJudged("not answered"));
  const auto two = TraceBuilder(Phase::kHealthy).accepted(1ms).accepted(2ms).exited(0, 9ms);
  EXPECT_THAT(judged(run_of({one_shot_control(), two, failed})),
              IsNotJudged("served on 1 attempt, and makes 2"));
  const auto first = under("serve").meets(1ms, "serve", peer_saw(1, 1)).exited(2, 9ms);
  EXPECT_THAT(judged(run_of({one_shot_control(), healthy_one_shot(), first})),
              IsNotJudged("nothing to recover from"));
}

TEST(NeverRecoversScheduledTest, TripsWhenTheSuccessPatternNeverComes) {
  const auto silent = served_after("garbage:16").stopped("blocked", 9ms);
  const auto outcome = judged(with_pattern({reconnector_control(), healthy().out("PONG\n"), silent}));
  ASSERT_THAT(outcome, IsFound("never printed its success pattern"));
  EXPECT_EQ(evidence_of<std::string>(first_finding(outcome), "event"), "garbage");
  const auto said = served_after("garbage:16").out("PONG\n").stopped("blocked", 9ms);
  EXPECT_THAT(judged(with_pattern({reconnector_control(), healthy().out("PONG\n"), said})), IsClear());
  const auto ended = served_after("garbage:16").exited(0, 9ms);
  EXPECT_THAT(judged(with_pattern({one_shot_control(), healthy_one_shot(), ended})),
              IsFound("never printed"));
}

TEST(NeverRecoversScheduledTest, GivesThePatternTheTimeThatHealthyHad) {
  const auto until = [](Instant at) {
    return with_pattern(
        {reconnector_control(), healthy(501ms).out("PONG\n"), served_after("self").stopped("timeout", at)});
  };
  EXPECT_THAT(judged(until(1501ms)), IsNotJudged("--timeout 2s"));
  EXPECT_THAT(judged(until(1502ms)), IsFound("never printed"));
}

TEST(NeverRecoversScheduledTest, IsNotJudgedByAPatternThatTellsNothing) {
  const auto silent = served_after("self").stopped("blocked", 9ms);
  EXPECT_THAT(judged(with_pattern({reconnector_control(), healthy(), silent})),
              IsNotJudged("not seen in healthy"));
  EXPECT_THAT(judged(with_pattern({reconnector_control().out("PONG\n"), healthy().out("PONG\n"), silent})),
              IsNotJudged("also matches when nothing listens"));
  EXPECT_THAT(judged(with_pattern({reconnector_control(), healthy(), silent}, "(")), IsNotJudged("no valid"));
  auto cut = silent;
  cut.trace().out = {.head = "a", .tail = "b", .total = 100};
  EXPECT_THAT(judged(with_pattern({reconnector_control(), healthy().out("PONG\n"), cut})),
              IsNotJudged("more than is kept"));
  EXPECT_THAT(judged(with_pattern({one_shot_control(), healthy_one_shot(), silent})),
              IsNotJudged("see hangs"));
  const auto unanswered = served_after("self", peer_saw(14, 0)).stopped("blocked", 9ms);
  EXPECT_THAT(judged(with_pattern({reconnector_control(), healthy().out("PONG\n"), unanswered})),
              IsNotJudged("not answered"));
}

}  // namespace
}  // namespace selfconnect
