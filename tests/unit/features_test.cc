// What a campaign takes for new behaviour, and what not.
// SPDX-License-Identifier: MIT
#include "harness/campaign/features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace selfconnect {
namespace {

using namespace std::chrono_literals;

const Endpoint kDestination = {Address::v4({127, 0, 0, 1}), 50000};

struct Seen {
  EventKind event;
  Instant at;
  std::uint64_t sent = 0;
  std::optional<PeerView> peer = {};
};

CheckResult result_of(const std::vector<Seen>& attempts, const std::string& out = {}, int code = 0) {
  Trace trace;
  trace.phase = Phase::kSchedule;
  std::uint16_t port = 40000;
  for (const Seen& seen : attempts) {
    ++port;
    trace.scheduled.push_back({.number = trace.scheduled.size() + 1,
                               .destination = kDestination,
                               .event = {.kind = seen.event, .amount = 0, .steps = {}},
                               .instead = {},
                               .source_port = port,
                               .at = seen.at,
                               .peer = seen.peer});
    Attempt attempt;
    attempt.number = trace.scheduled.size();
    attempt.destination = kDestination;
    attempt.source = {kDestination.address, port};
    attempt.at = seen.at + 1us;
    attempt.sent = seen.sent;
    trace.attempts.kept.push_back(attempt);
  }
  trace.out.head = out;
  trace.ended = {Ended::How::kExit, code, {}, ""};
  CheckResult result;
  result.run.traces = {trace};
  return result;
}

std::size_t new_in(const Features& features, const Features& known) {
  return static_cast<std::size_t>(
      std::ranges::count_if(features, [&](std::uint64_t f) { return !known.contains(f); }));
}

const std::vector<Seen> kOrdinary = {
    {EventKind::kRefuse, 0ms}, {EventKind::kSelf, 110ms, 6}, {EventKind::kServe, 220ms, 6}};

TEST(FeaturesTest, AreTheSameForTheSameBehaviour) {
  EXPECT_EQ(features_of(result_of(kOrdinary)), features_of(result_of(kOrdinary)));
  EXPECT_FALSE(features_of(result_of(kOrdinary)).empty());
}

TEST(FeaturesTest, DoNotDependOnSmallDifferencesOfTime) {
  auto later = kOrdinary;
  for (Seen& seen : later) seen.at = seen.at * 11 / 10;
  EXPECT_EQ(features_of(result_of(later)), features_of(result_of(kOrdinary)));
}

TEST(FeaturesTest, DoNotDependOnNumbersInTheOutput) {
  EXPECT_EQ(features_of(result_of(kOrdinary, "pid 4711 retries in 12.5 ms\n")),
            features_of(result_of(kOrdinary, "pid 9 retries in 8.25 ms\n")));
}

TEST(FeaturesTest, TellOrdersOfEventsApart) {
  auto swapped = kOrdinary;
  std::swap(swapped[0].event, swapped[1].event);
  EXPECT_GT(new_in(features_of(result_of(swapped)), features_of(result_of(kOrdinary))), 0U);
}

TEST(FeaturesTest, TellReactionsApart) {
  auto silent = kOrdinary;
  silent[1].sent = 0;
  EXPECT_GT(new_in(features_of(result_of(silent)), features_of(result_of(kOrdinary))), 0U);
}

TEST(FeaturesTest, TellWhatThePeerSawApart) {
  auto one = kOrdinary;
  auto other = kOrdinary;
  one[2].peer = PeerView{.moves = {{PeerMove::What::kReceived, 6}}, .received = 6, .sent = 0};
  other[2].peer = PeerView{.moves = {{PeerMove::What::kFinReceived, 0}}, .received = 0, .sent = 0};
  EXPECT_GT(new_in(features_of(result_of(other)), features_of(result_of(one))), 0U);
}

TEST(FeaturesTest, TellOutputAndExitApart) {
  const Features known = features_of(result_of(kOrdinary, "ready\n"));
  EXPECT_GT(new_in(features_of(result_of(kOrdinary, "failed\n")), known), 0U);
  EXPECT_GT(new_in(features_of(result_of(kOrdinary, "ready\n", 1)), known), 0U);
}

TEST(FeaturesTest, TellASecondLineOutOfOrderApart) {
  const Features known = features_of(result_of(kOrdinary, "a\nb\nc\n"));
  EXPECT_GT(new_in(features_of(result_of(kOrdinary, "a\nc\nb\n")), known), 0U);
}

TEST(FeaturesTest, AreBoundedForEndlessRepetition) {
  std::vector<Seen> many(64, Seen{EventKind::kRefuse, 0ms});
  for (std::size_t i = 0; i < many.size(); ++i) many[i].at = 10ms * static_cast<int>(i);
  EXPECT_LT(features_of(result_of(many)).size(), 16U);
}

TEST(FeaturesTest, SquashesWhatDiffersFromRunToRun) {
  EXPECT_EQ(squashed("pid 4711 at 0x7f3cab: 12.5 ms"), "pid # at #: #.# ms");
  EXPECT_EQ(squashed("0x"), "#");
  EXPECT_EQ(squashed(""), "");
  EXPECT_EQ(squashed(std::string(1000, 'a')).size(), 200U);
}

}  // namespace
}  // namespace selfconnect
