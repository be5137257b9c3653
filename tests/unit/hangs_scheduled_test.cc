// Rule hangs under a schedule, and the control that it asks for.
// SPDX-License-Identifier: MIT
#include "harness/judge/wanted_control.h"
#include "tests/unit/trace_builder.h"

namespace selfconnect {
namespace {

RuleOutcome judged(const Run& run) { return judge_by("hangs", run); }

// One-shot with one answered connection.
TraceBuilder healthy_one_shot() {
  return TraceBuilder(Phase::kHealthy).accepted(1ms, "PING").closed(Ending::kFin, 2ms).exited(0, 3ms);
}

std::string wanted(const Run& run) {
  const auto event = wanted_control(run);
  return event ? print(*event) : "nothing";
}

// After `event`, the target waits in vain.
TraceBuilder stuck_after(std::string_view event, std::string reason = "blocked", Instant until = 50ms) {
  return under(std::string(event).append(" serve")).meets(1ms, event).stopped(std::move(reason), until);
}

TEST(HangsScheduledTest, TripsAtOnceWhereNothingIsLeftToWaitFor) {
  for (const std::string_view event : {"refuse", "self", "exhausted", "close", "reset", "half-close"}) {
    for (const auto& control : {one_shot_control(), reconnector_control()}) {
      const auto run = run_of({control, healthy_one_shot(), stuck_after(event)});
      const auto outcome = judged(run);
      ASSERT_THAT(outcome, IsFound("the target neither ended nor dialled again after attempt 1")) << event;
      EXPECT_EQ(evidence_of<std::string>(first_finding(outcome), "event"), event);
      EXPECT_EQ(evidence_of<std::int64_t>(first_finding(outcome), "attempt"), 1);
      EXPECT_EQ(first_finding(outcome).destination, kServer);
      EXPECT_TRUE(first_finding(outcome).counted);
      EXPECT_EQ(wanted(run), "nothing");
    }
  }
}

TEST(HangsScheduledTest, AsksForAControlWhereTheTargetMayRightlyWait) {
  for (const std::string_view event :
       {"silent", "garbage:16", "truncate:3", "script[say:\"+OK\\r\\n\"]", "drop"}) {
    const auto stuck = stuck_after(event);
    EXPECT_THAT(judged(run_of({one_shot_control(), stuck})),
                IsNotJudged("needs the control `" + std::string(event) + " serve`"));
    EXPECT_EQ(wanted(run_of({one_shot_control(), stuck})), event);

    const auto single = std::string(event).append(" serve");
    const auto waits = under(single, Phase::kSingleEvent).meets(1ms, event).stopped("blocked", 50ms);
    const auto ends = under(single, Phase::kSingleEvent).meets(1ms, event).exited(1, 3ms);
    const auto dials =
        under(single, Phase::kSingleEvent).meets(1ms, event).meets(5ms, "serve").stopped("decided", 9ms);
    const auto closes =
        under(single, Phase::kSingleEvent).meets(1ms, event).closed(Ending::kFin, 2ms).stopped("timeout", 9s);
    EXPECT_THAT(judged(run_of({one_shot_control(), stuck, waits})), IsNotJudged("as it does after"));
    EXPECT_EQ(wanted(run_of({one_shot_control(), stuck, waits})), "nothing");
    EXPECT_THAT(judged(run_of({one_shot_control(), stuck, ends})), IsFound("alone it exited with code 1"));
    EXPECT_THAT(judged(run_of({reconnector_control(), stuck, dials})), IsFound("alone it goes on"));
    EXPECT_EQ(wanted(run_of({reconnector_control(), stuck, dials})), "nothing");
    if (event != "drop") {
      EXPECT_THAT(judged(run_of({reconnector_control(), stuck_after(event), closes})), IsFound("goes on"));
    }
  }
}

// A header may be complete with 16 bytes, and not with 4.
TEST(HangsScheduledTest, TakesAControlWithTheVerySameEventOnly) {
  const auto other = under("garbage:16 serve", Phase::kSingleEvent).meets(1ms, "garbage:16").exited(1, 3ms);
  EXPECT_EQ(wanted(run_of({one_shot_control(), stuck_after("garbage:4"), other})), "garbage:4");
}

TEST(HangsScheduledTest, NamesTheControlInItsEvidence) {
  const auto single = under("garbage:16 serve", Phase::kSingleEvent).meets(1ms, "garbage:16").exited(1, 3ms);
  const auto stuck = under("half-close garbage:16 serve").meets(1ms, "half-close").meets(2ms, "garbage:16");
  const auto outcome = judged(run_of({one_shot_control(), stuck, single}));
  ASSERT_THAT(outcome, IsFound("after attempt 2 (garbage:16)"));
  const Finding& finding = first_finding(outcome);
  EXPECT_EQ(evidence_of<std::string>(finding, "event"), "garbage");
  EXPECT_EQ(evidence_of<std::string>(finding, "control"), "garbage:16 serve");
  EXPECT_EQ(evidence_of<std::string>(finding, "connection"), "open");
  EXPECT_EQ(evidence_of<std::string>(finding, "stopped"), "timeout");
}

// The harness ends it, and with it the connection: no reaction of the target's.
TEST(HangsScheduledTest, TakesNoEndByTheHarnessForAReaction) {
  const auto killed =
      under("silent serve", Phase::kSingleEvent)
          .meets(1ms, "silent", {.moves = {{.what = PeerMove::What::kFinReceived, .bytes = 0}}})
          .closed(Ending::kFin, 51ms)
          .stopped("blocked", 50ms);
  EXPECT_THAT(judged(run_of({reconnector_control(), stuck_after("silent"), killed})),
              IsNotJudged("as it does after"));
  auto by_peer = killed;
  by_peer.closed(Ending::kFin, 2ms, Side::kPeer);
  EXPECT_THAT(judged(run_of({reconnector_control(), stuck_after("silent"), by_peer})),
              IsNotJudged("as it does after"));
}

// Another thread's wait may keep the process alive, and rightly so.
TEST(HangsScheduledTest, AsksAboutEarlierAttemptsThatAreStillWaitedFor) {
  const auto waits =
      under("silent refuse serve").meets(1ms, "silent").meets(2ms, "refuse").stopped("blocked", 9ms);
  EXPECT_EQ(wanted(run_of({reconnector_control(), waits})), "silent");
  const auto single = under("silent serve", Phase::kSingleEvent).meets(1ms, "silent").stopped("blocked", 9ms);
  EXPECT_THAT(judged(run_of({reconnector_control(), waits, single})), IsNotJudged("after `silent` alone"));
  const auto left =
      under("silent refuse serve").meets(1ms, "silent").closed(Ending::kFin, 2ms).meets(2ms, "refuse");
  EXPECT_THAT(judged(run_of({reconnector_control(), left})), IsFound("after attempt 2 (refuse)"));
}

// Two threads: that the second one dials says nothing about the first.
TEST(HangsScheduledTest, TakesNoDiallingForAReactionWhereTheTargetDialsAtOnce) {
  const auto two = TraceBuilder(Phase::kHealthy).accepted(1ms).accepted(2ms).stopped("decided", 50ms);
  const auto single = under("silent serve", Phase::kSingleEvent).meets(1ms, "silent").meets(2ms, "serve");
  const auto stuck =
      under("refuse silent serve").meets(1ms, "refuse").meets(2ms, "silent").stopped("blocked", 50ms);
  EXPECT_THAT(judged(run_of({reconnector_control(), two, stuck, single})),
              IsNotJudged("after `silent` alone"));
}

TEST(HangsScheduledTest, IsClearWhenTheTargetEndsOrDoesItsWork) {
  const auto ended = under("self serve").meets(1ms, "self").exited(1, 2ms);
  EXPECT_THAT(judged(run_of({one_shot_control(), ended})), IsClear());
  const auto crashed = under("self serve").meets(1ms, "self").crashed(11, 2ms);
  EXPECT_THAT(judged(run_of({one_shot_control(), crashed})), IsClear());
  const auto served = under("self serve").meets(1ms, "self").meets(2ms, "serve").stopped("decided", 9ms);
  EXPECT_THAT(judged(run_of({reconnector_control(), served})), IsClear());
}

TEST(HangsScheduledTest, WaitsForItsWindowUnlessTheTargetIsBlocked) {
  const auto until = [](Instant at) {
    return run_of({reconnector_control(), stuck_after("self", "timeout", at)});  // it dials every 500 ms
  };
  EXPECT_THAT(judged(until(2500ms)), IsNotJudged("--timeout 3s"));
  EXPECT_THAT(judged(until(2501ms)), IsFound("for 2.5 s"));
  auto backs_off = under("refuse*3 serve").meets(0ms, "refuse").meets(1s, "refuse").meets(3s, "refuse");
  EXPECT_THAT(judged(run_of({reconnector_control(), backs_off.stopped("timeout", 9s)})),
              IsNotJudged("--timeout 10s"));
}

// What it takes after the event alone, it may take here.
TEST(HangsScheduledTest, GivesTheTimeThatTheControlTook) {
  const auto single = under("silent serve", Phase::kSingleEvent).meets(1ms, "silent").exited(1, 3001ms);
  auto stuck = under("reset silent serve").meets(1ms, "reset").meets(2ms, "silent");
  EXPECT_THAT(judged(run_of({one_shot_control(), stuck.stopped("timeout", 10s), single})),
              IsNotJudged("--timeout 11s"));
  EXPECT_THAT(judged(run_of({one_shot_control(), stuck.stopped("timeout", 11s), single})), IsFound("silent"));
}

TEST(HangsScheduledTest, CountsAnAttemptThatWasRefusedInsteadAsRefused) {
  const auto stuck =
      under("self silent serve").meets(1ms, "self").meets(2ms, "silent").held(1).stopped("blocked", 9ms);
  const auto outcome = judged(run_of({reconnector_control(), stuck}));
  ASSERT_THAT(outcome, IsFound("attempt 2 (refuse)"));
  EXPECT_EQ(evidence_of<std::string>(first_finding(outcome), "event"), "refuse");
}

TEST(HangsScheduledTest, TripsOnAServedTargetThatEndsWhenHealthy) {
  const auto stuck =
      under("reset serve").meets(1ms, "reset").meets(2ms, "serve", peer_saw(14, 7)).stopped("blocked", 9ms);
  const auto outcome = judged(run_of({one_shot_control(), healthy_one_shot(), stuck}));
  ASSERT_THAT(outcome,
              IsFound("served on attempt 2, after attempt 1 (reset): the answer, 7 bytes, was sent"));
  const Finding& finding = first_finding(outcome);
  EXPECT_EQ(evidence_of<std::string>(finding, "event"), "reset");
  EXPECT_EQ(evidence_of<std::int64_t>(finding, "attempt"), 1);
  EXPECT_EQ(evidence_of<std::int64_t>(finding, "served_attempt"), 2);
  EXPECT_EQ(evidence_of<std::string>(finding, "connection"), "served");
}

TEST(HangsScheduledTest, TripsOnAServedTargetThatSaysNothing) {
  const auto mute = under("reset serve").meets(1ms, "reset").meets(2ms, "serve").stopped("blocked", 9ms);
  EXPECT_THAT(judged(run_of({one_shot_control(), healthy_one_shot(), mute})),
              IsFound("it said nothing there"));
  const auto silent = TraceBuilder(Phase::kHealthy).accepted(1ms).exited(0, 3ms);
  EXPECT_THAT(judged(run_of({one_shot_control(), silent, mute})), IsNotJudged("nothing was said"));
}

TEST(HangsScheduledTest, IsNotJudgedOfAServedTargetThatWasNotAnswered) {
  const auto stuck =
      under("reset serve").meets(1ms, "reset").meets(2ms, "serve", peer_saw(14, 0)).stopped("blocked", 9ms);
  EXPECT_THAT(judged(run_of({one_shot_control(), healthy_one_shot(), stuck})),
              IsNotJudged("was not answered"));
}

TEST(HangsScheduledTest, IsClearOfAServedTargetThatStaysWhenHealthy) {
  const auto healthy = TraceBuilder(Phase::kHealthy).accepted(1ms).stopped("decided", 500ms);
  const auto served =
      under("self serve").meets(1ms, "self").meets(2ms, "serve", peer_saw(14, 7)).stopped("timeout", 9s);
  EXPECT_THAT(judged(run_of({reconnector_control(), healthy, served})), IsClear());
  EXPECT_EQ(wanted(run_of({reconnector_control(), healthy, served})), "nothing");
  EXPECT_THAT(judged(run_of({reconnector_control(), served})), IsNotJudged("healthy phase was not run"));
  // Also in the middle of the schedule.
  const auto middle = under("serve refuse serve").meets(1ms, "serve").stopped("blocked", 9s);
  EXPECT_THAT(judged(run_of({reconnector_control(), healthy, middle})), IsClear());
}

// It may need one connection only, and have it.
TEST(HangsScheduledTest, IsNotJudgedWhileAnotherConnectionIsServed) {
  const auto two = under("serve self serve").meets(1ms, "serve").meets(2ms, "self").stopped("blocked", 9ms);
  auto closed = two;
  closed.closed(Ending::kReset, 3ms);
  EXPECT_THAT(judged(run_of({reconnector_control(), closed})), IsNotJudged("another connection"));
  EXPECT_THAT(judged(run_of({reconnector_control(), two})), IsFound("after attempt 2 (self)"));
}

TEST(HangsScheduledTest, IsNotJudgedWithoutItsControls) {
  const auto stuck = stuck_after("self");
  EXPECT_THAT(judged(run_of({stuck})), IsNotJudged("refused phase was not run"));
  const auto idle = TraceBuilder(Phase::kRefused).refused(1ms).stopped("timeout", 10s);
  EXPECT_THAT(judged(run_of({idle, stuck})), IsNotJudged("after a plain refusal either"));
  const auto broken_off = TraceBuilder(Phase::kRefused).refused(1ms).stopped("interrupted", 2ms);
  EXPECT_THAT(judged(run_of({broken_off, stuck})), IsNotJudged("refused phase was interrupted"));
  EXPECT_THAT(judged(run_of({one_shot_control(), stuck_after("self", "interrupted")})),
              IsNotJudged("interrupted"));
  EXPECT_THAT(judged(run_of({one_shot_control(), under("self serve")})), IsNotJudged("made no attempt"));
}

TEST(HangsScheduledTest, WantsNothingWithoutASchedule) {
  EXPECT_EQ(wanted(run_of({one_shot_control(), TraceBuilder(Phase::kSelfConnect).self_connected(1ms)})),
            "nothing");
}

}  // namespace
}  // namespace selfconnect
