// A worker's work against a target that is a function of its schedule.
// SPDX-License-Identifier: MIT
#include "harness/campaign/schedule_tester.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace selfconnect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using What = WorkerMessage::What;
using Ran = ScheduleTester::Ran;
using Depth = ScheduleRunner::Depth;

// Shows `rule` when a self-connection follows a refusal at once.
bool has_bug(const Schedule& schedule) {
  for (std::uint64_t i = 2; i <= length(schedule); ++i) {
    if (event_of(schedule, i - 1).kind == EventKind::kRefuse &&
        event_of(schedule, i).kind == EventKind::kSelf)
      return true;
  }
  return false;
}

CheckResult played(const Schedule& schedule, bool shows) {
  CheckResult result;
  Trace trace;
  trace.phase = Phase::kSchedule;
  trace.schedule = schedule;
  trace.ended = {Ended::How::kExit, shows ? 3 : 0, {}, ""};
  result.run.traces.push_back(trace);
  if (shows) {
    result.judgement.verdict = Verdict::kFail;
    result.judgement.findings.push_back({.rule = "never-recovers",
                                         .level = Level::kError,
                                         .phase = Phase::kSchedule,
                                         .destination = {},
                                         .message = "the target gave up",
                                         .evidence = {{"event", "self"}},
                                         .counted = true});
  }
  return result;
}

class ScheduleTesterTest : public ::testing::Test {
 protected:
  ScheduleTesterTest() {
    std::string name = ::testing::TempDir() + "selfconnect-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~ScheduleTesterTest() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] FindingStore store() const { return *FindingStore::open(directory_); }

  ScheduleTester tester() {
    return ScheduleTester(
        {.play =
             [this](const Schedule& schedule, Depth depth) {
               depths_.push_back(depth);
               return play_(schedule, depth);
             },
         .report = [](const CheckResult& result) { return print(result.run.traces.front().schedule); },
         .replay_command = [](const std::string& directory) { return "selfconnect replay " + directory; },
         .say = [this](const WorkerMessage& message) { said_.push_back(message); },
         .played = [] {},
         .contained = [this] { return std::exchange(contained_, std::nullopt); }},
        store(), board_, board_.workers.at(0), 7);
  }
  Ran test(ScheduleTester& tester, std::string_view input) {
    counters_.fill(0);
    return tester.test(input, counters_);
  }
  [[nodiscard]] bool any_counter() const {
    return std::ranges::any_of(counters_, [](std::uint8_t count) { return count > 0; });
  }

  std::filesystem::path directory_;
  Board board_;
  std::function<CheckResult(const Schedule&, Depth)> play_ = [](const Schedule& schedule, Depth) {
    return played(schedule, has_bug(schedule));
  };
  std::optional<std::string> contained_;
  std::vector<Depth> depths_;
  std::vector<WorkerMessage> said_;
  std::array<std::uint8_t, 1024> counters_{};
};

TEST_F(ScheduleTesterTest, RejectsWhatIsNoSchedule) {
  auto one = tester();
  EXPECT_EQ(test(one, "bogus serve"), Ran::kRejected);
  EXPECT_EQ(board_.taken, 0U);
  EXPECT_FALSE(any_counter());
}

TEST_F(ScheduleTesterTest, CountsWhatTheTargetDid) {
  auto one = tester();
  EXPECT_EQ(test(one, "self serve"), Ran::kPlayed);
  EXPECT_TRUE(any_counter());
  EXPECT_THAT(said_, IsEmpty());
  EXPECT_THAT(depths_, ElementsAre(Depth::kQuick));
}

TEST_F(ScheduleTesterTest, ConfirmsShrinksAndSavesAFinding) {
  auto one = tester();
  EXPECT_EQ(test(one, "reset*3 refuse*5 self silent close*2 serve"), Ran::kPlayed);
  const auto saved = store().load_all();
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_EQ(saved[0].schedule, "refuse self serve");
  EXPECT_EQ(saved[0].first_schedule, "reset*3 refuse*5 self silent close*2 serve");
  EXPECT_EQ(saved[0].shown, 1U);
  EXPECT_TRUE(saved[0].minimal);
  EXPECT_EQ(saved[0].message, "the target gave up");
  EXPECT_THAT(said_, ElementsAre(WorkerMessage{What::kFinding, saved[0].name}));
  EXPECT_EQ(depths_.at(1), Depth::kWhole) << "it is confirmed by a whole run";
  EXPECT_EQ(depths_.back(), Depth::kWhole) << "and so is the shrunk schedule";
  EXPECT_FALSE(board_.workers.at(0).is_settling);
}

TEST_F(ScheduleTesterTest, FollowsUpAFindingOnce) {
  auto one = tester();
  test(one, "refuse self serve");
  depths_.clear();
  test(one, "refuse self reset serve");
  EXPECT_EQ(depths_.size(), 1U);
  EXPECT_EQ(said_.size(), 1U);
}

TEST_F(ScheduleTesterTest, LeavesAFindingToTheWorkerThatHasIt) {
  auto first = tester();
  test(first, "refuse self serve");
  said_.clear();
  auto second = tester();
  test(second, "refuse self serve");
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_EQ(said_[0].what, What::kSeen);
}

// Shows it at the attempt after a refusal, whose event is among `events`.
CheckResult shows_after_refusal(const Schedule& schedule, std::initializer_list<EventKind> events) {
  for (std::uint64_t i = 2; i <= length(schedule) + 1; ++i) {
    const EventKind kind = event_of(schedule, i).kind;
    if (event_of(schedule, i - 1).kind != EventKind::kRefuse ||
        std::ranges::find(events, kind) == events.end())
      continue;
    CheckResult result = played(schedule, true);
    result.judgement.findings.front().evidence = {{"event", std::string(event_name(kind))}};
    return result;
  }
  return played(schedule, false);
}

TEST_F(ScheduleTesterTest, TakesAnAnswerAsGoodAsTheServicesForTheService) {
  play_ = [](const Schedule& schedule, Depth) {
    return shows_after_refusal(schedule, {EventKind::kTruncate, EventKind::kServe});
  };
  auto one = tester();
  test(one, "self refuse truncate:9 close serve");
  const auto saved = store().load_all();
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_EQ(saved[0].schedule, "refuse serve");
  EXPECT_THAT(saved[0].name, HasSubstr("never-recovers-serve-"));
  EXPECT_THAT(said_, ElementsAre(WorkerMessage{What::kFinding, saved[0].name}));
  for (int i = 0; i < 50; ++i) test(one, "refuse truncate:9 self serve");
  EXPECT_EQ(store().load_all().size(), 1U);
  EXPECT_LT(depths_.size(), 250U) << "it is not followed up for ever";
}

TEST_F(ScheduleTesterTest, TakesAScriptThatOnlyEndsTheConnectionForThatEnd) {
  play_ = [](const Schedule& schedule, Depth) {
    return shows_after_refusal(schedule, {EventKind::kScript, EventKind::kReset});
  };
  auto one = tester();
  test(one, "refuse script[read:3 reset] serve");
  const auto saved = store().load_all();
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_EQ(saved[0].schedule, "refuse reset serve");
}

TEST_F(ScheduleTesterTest, KeepsWhatShowsBesideThePlainerEvents) {
  // A fault of its own after truncated answers, beside one after every self-connection.
  play_ = [](const Schedule& schedule, Depth) {
    CheckResult result = shows_after_refusal(schedule, {EventKind::kTruncate});
    for (const Entry& entry : schedule.entries) {
      if (entry.event.kind != EventKind::kSelf) continue;
      CheckResult self = played(schedule, true);
      result.judgement.findings.push_back(self.judgement.findings.front());
      result.run.traces.front().ended = self.run.traces.front().ended;
      break;
    }
    return result;
  };
  auto one = tester();
  test(one, "refuse truncate:9 self serve");
  const auto saved = store().load_all();
  ASSERT_EQ(saved.size(), 2U);
  EXPECT_EQ(saved[0].schedule, "self serve");
  EXPECT_EQ(saved[1].schedule, "refuse truncate:0 serve");
}

TEST_F(ScheduleTesterTest, KeepsWhatTheWordsOfAScriptShow) {
  // Two faults of one kind: the other one is shown by a close.
  play_ = [](const Schedule& schedule, Depth) {
    const bool is_spoken_to = std::ranges::any_of(schedule.entries, [](const Entry& entry) {
      return std::ranges::find(entry.event.steps, Step::What::kSay, &Step::what) != entry.event.steps.end();
    });
    return shows_after_refusal(schedule, is_spoken_to ? std::initializer_list<EventKind>{EventKind::kScript}
                                                      : std::initializer_list<EventKind>{EventKind::kClose});
  };
  auto one = tester();
  test(one, R"(refuse script[say:"-ERR" close] serve)");
  test(one, "refuse close serve");
  const auto saved = store().load_all();
  ASSERT_EQ(saved.size(), 2U);
  EXPECT_EQ(saved[0].schedule, "refuse close serve");
  EXPECT_EQ(saved[1].schedule, R"(refuse script[say:"-"] serve)");
}

TEST_F(ScheduleTesterTest, KeepsAnAnswerThatWasCut) {
  play_ = [](const Schedule& schedule, Depth) {
    CheckResult result = shows_after_refusal(schedule, {EventKind::kTruncate, EventKind::kServe});
    for (const Entry& entry : schedule.entries) {
      if (entry.event.kind == EventKind::kTruncate)
        result.run.traces.front().scheduled.push_back(
            {.event = entry.event, .peer = PeerView{.sent = entry.event.amount}});
    }
    return result;
  };
  auto one = tester();
  test(one, "refuse truncate:3 serve");
  ASSERT_EQ(store().load_all().size(), 1U);
  EXPECT_EQ(store().load_all()[0].schedule, "refuse truncate:0 serve");
}

TEST_F(ScheduleTesterTest, GoesOnShrinkingWhatWasSavedTooLong) {
  play_ = [this](const Schedule& schedule, Depth) {
    if (depths_.size() == 5) board_.going = Going::kStop;
    return played(schedule, has_bug(schedule));
  };
  auto one = tester();
  test(one, "reset*3 refuse*5 self silent close*2 serve");
  ASSERT_FALSE(store().load_all().at(0).minimal);
  board_.going = Going::kOn;
  auto next = tester();
  test(next, "reset*3 refuse*5 self silent close*2 serve");
  const auto saved = store().load_all();
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_TRUE(saved[0].minimal);
  EXPECT_EQ(saved[0].schedule, "refuse self serve");
}

TEST_F(ScheduleTesterTest, KeepsWhatOnlyATruncatedAnswerShows) {
  play_ = [](const Schedule& schedule, Depth) {
    return shows_after_refusal(schedule, {EventKind::kTruncate});
  };
  auto one = tester();
  test(one, "self refuse truncate:9 close serve");
  const auto saved = store().load_all();
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_EQ(saved[0].schedule, "refuse truncate:0 serve");
  EXPECT_THAT(saved[0].name, HasSubstr("never-recovers-truncate-"));
}

TEST_F(ScheduleTesterTest, CallsWhatIsNotSeenAgainFlaky) {
  play_ = [](const Schedule& schedule, Depth depth) {
    return played(schedule, depth == Depth::kQuick && has_bug(schedule));
  };
  auto one = tester();
  test(one, "refuse self reset serve");
  const auto saved = store().load_all();
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_TRUE(saved[0].flaky());
  EXPECT_EQ(saved[0].confirmations, 3U);
  EXPECT_EQ(saved[0].schedule, "refuse self reset serve") << "what does not show it cannot be shrunk";
}

TEST_F(ScheduleTesterTest, ConfirmsAFlakyFindingWithAScheduleThatShowsItForSure) {
  // Quick runs take a bare self-connection for it.
  play_ = [](const Schedule& schedule, Depth depth) {
    const bool any_self = std::ranges::any_of(
        schedule.entries, [](const Entry& entry) { return entry.event.kind == EventKind::kSelf; });
    return played(schedule, depth == Depth::kQuick ? any_self : has_bug(schedule));
  };
  auto one = tester();
  test(one, "self serve");
  ASSERT_EQ(store().load_all().size(), 1U);
  EXPECT_TRUE(store().load_all()[0].flaky());
  test(one, "reset self serve");
  EXPECT_TRUE(store().load_all()[0].flaky());
  test(one, "reset refuse self serve");
  const auto saved = store().load_all();
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_FALSE(saved[0].flaky());
  EXPECT_EQ(saved[0].schedule, "refuse self serve");
  EXPECT_EQ(said_.size(), 2U);
}

TEST_F(ScheduleTesterTest, TriesAFlakyFindingNotForEver) {
  play_ = [](const Schedule& schedule, Depth depth) { return played(schedule, depth == Depth::kQuick); };
  auto one = tester();
  for (int i = 0; i < 50; ++i) test(one, "self serve");
  const auto whole = std::ranges::count(depths_, Depth::kWhole);
  EXPECT_EQ(whole, 27) << "three whole runs at first, and for each of eight retries";
}

TEST_F(ScheduleTesterTest, ShrinksWithWholeRunsWhereQuickOnesMislead) {
  // A quick run takes a bare self-connection for it too.
  play_ = [](const Schedule& schedule, Depth depth) {
    const bool any_self = std::ranges::any_of(
        schedule.entries, [](const Entry& entry) { return entry.event.kind == EventKind::kSelf; });
    return played(schedule, depth == Depth::kQuick ? any_self : has_bug(schedule));
  };
  auto one = tester();
  test(one, "reset refuse*2 self serve");
  const auto saved = store().load_all();
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_EQ(saved[0].schedule, "refuse self serve");
}

TEST_F(ScheduleTesterTest, DoesNotJudgeATargetThatWasContained) {
  auto one = tester();
  contained_ = "512 processes";
  EXPECT_EQ(test(one, "refuse self serve"), Ran::kPlayed);
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_EQ(said_[0], (WorkerMessage{What::kContained, "512 processes, under: refuse self serve"}));
  EXPECT_FALSE(any_counter());
  EXPECT_THAT(store().load_all(), IsEmpty());
}

TEST_F(ScheduleTesterTest, DoesNotCallAFindingFlakyWhoseTargetWasContained) {
  play_ = [this](const Schedule& schedule, Depth depth) {
    if (depth == Depth::kWhole) contained_ = "512 processes";
    return played(schedule, has_bug(schedule));
  };
  auto one = tester();
  test(one, "refuse self serve");
  EXPECT_THAT(store().load_all(), IsEmpty());
  EXPECT_EQ(said_.back().what, What::kUnsettled);
  EXPECT_THAT(store().take_unfinished(), ElementsAre("refuse self serve"));
}

TEST_F(ScheduleTesterTest, GivesUpWhereNothingCanBeJudged) {
  play_ = [](const Schedule& schedule, Depth) {
    CheckResult result = played(schedule, false);
    result.judgement.verdict = Verdict::kSkip;
    result.judgement.reason = "the target dials past the engine";
    return result;
  };
  auto one = tester();
  EXPECT_EQ(test(one, "self serve"), Ran::kPlayed);
  EXPECT_FALSE(any_counter());
  EXPECT_EQ(board_.all_judged(), 0U);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(test(one, "self serve"), Ran::kPlayed);
  EXPECT_EQ(test(one, "self serve"), Ran::kOver);
  EXPECT_EQ(said_.front(), (WorkerMessage{What::kUnjudged, "the target dials past the engine"}));
  EXPECT_EQ(said_.back(), (WorkerMessage{What::kSkip, "the target dials past the engine"}));
}

TEST_F(ScheduleTesterTest, EndsWhereTheRunsAreTaken) {
  board_.most = 1;
  auto one = tester();
  EXPECT_EQ(test(one, "self serve"), Ran::kPlayed);
  EXPECT_EQ(test(one, "self serve"), Ran::kOver);
  EXPECT_EQ(board_.all_runs(), 1U);
}

TEST_F(ScheduleTesterTest, DropsARunThatWasInterrupted) {
  play_ = [this](const Schedule& schedule, Depth) {
    board_.going = Going::kStop;
    return played(schedule, true);
  };
  auto one = tester();
  EXPECT_EQ(test(one, "refuse self serve"), Ran::kOver);
  EXPECT_FALSE(any_counter());
  EXPECT_THAT(store().load_all(), IsEmpty());
}

TEST_F(ScheduleTesterTest, LeavesAFindingForTheNextStartWhereItCouldNotBeConfirmed) {
  play_ = [this](const Schedule& schedule, Depth depth) {
    if (depth == Depth::kWhole) board_.going = Going::kStop;
    return played(schedule, true);
  };
  auto one = tester();
  test(one, "refuse self serve");
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_EQ(said_[0].what, What::kUnsettled);
  EXPECT_THAT(store().take_unfinished(), ElementsAre("refuse self serve"));
}

TEST_F(ScheduleTesterTest, SavesWhatIsConfirmedWhenTheEndComesWhileItShrinks) {
  play_ = [this](const Schedule& schedule, Depth) {
    if (depths_.size() > 4) board_.going = Going::kStop;
    return played(schedule, has_bug(schedule));
  };
  auto one = tester();
  test(one, "reset*3 refuse*5 self silent close*2 serve");
  const auto saved = store().load_all();
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_FALSE(saved[0].minimal);
  const auto schedule = parse_schedule(saved[0].schedule);
  ASSERT_TRUE(schedule);
  EXPECT_TRUE(has_bug(*schedule));
}

TEST_F(ScheduleTesterTest, FinishesAFindingWhenTheTimeIsUp) {
  play_ = [this](const Schedule& schedule, Depth) {
    if (depths_.size() > 4) board_.going = Going::kFinish;
    return played(schedule, has_bug(schedule));
  };
  auto one = tester();
  test(one, "reset*3 refuse*5 self silent close*2 serve");
  const auto saved = store().load_all();
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_EQ(saved[0].schedule, "refuse self serve");
  EXPECT_EQ(test(one, "self serve"), Ran::kOver);
}

TEST_F(ScheduleTesterTest, GivesUpWhereTheHarnessKeepsFailing) {
  play_ = [](const Schedule&, Depth) {
    CheckResult result;
    result.judgement = not_judged(Verdict::kError, "make a world: clone: No space left on device");
    return result;
  };
  auto one = tester();
  Ran ran = Ran::kPlayed;
  int runs = 0;
  for (; ran == Ran::kPlayed && runs < 100; ++runs) ran = test(one, "self serve");
  EXPECT_EQ(runs, 8);
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_EQ(said_[0].what, What::kError);
  EXPECT_THAT(said_[0].text, HasSubstr("No space left"));
}

TEST_F(ScheduleTesterTest, SaysWhereAFindingCannotBeSaved) {
  auto one = tester();
  std::filesystem::remove_all(directory_);
  test(one, "refuse self serve");
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_EQ(said_[0].what, What::kUnsaved);
  EXPECT_THAT(said_[0].text, ::testing::MatchesRegex("never-recovers-self-[0-9a-f]+ .*No such file.*"));
}

TEST(WorkerMessageTest, RoundTrips) {
  for (const What what : {What::kReady, What::kFinding, What::kSeen, What::kUnsettled, What::kUnsaved,
                          What::kContained, What::kUnjudged, What::kNote, What::kSkip, What::kError}) {
    const std::string line = to_line({what, "some text"});
    EXPECT_EQ(message_from_line(line.substr(0, line.size() - 1)), (WorkerMessage{what, "some text"}));
  }
}

TEST(WorkerMessageTest, IsOneLineThatAPipeTakesWhole) {
  const std::string line = to_line({What::kNote, "two\nlines " + std::string(10'000, 'x')});
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  EXPECT_LE(line.size(), 4096U);
  EXPECT_EQ(message_from_line("bogus text"), std::nullopt);
  EXPECT_EQ(message_from_line(""), std::nullopt);
}

}  // namespace
}  // namespace selfconnect
