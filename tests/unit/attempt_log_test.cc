// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/trace/attempt_log_recorder.h"
#include "packets.h"

namespace selfconnect {
namespace {

using testing::endpoint;
using Recorder = AttemptLogRecorder;

const Endpoint kSource = endpoint("127.0.0.1:40000");
const Endpoint kDestination = endpoint("127.0.0.1:50000");

Recorder::Ticket begin_refused(Recorder& recorder, int at) {
  const auto ticket = recorder.begin(kSource, kDestination, Instant(at));
  recorder.decide(ticket, Outcome::kRefused, Instant(at));
  return ticket;
}

TEST(AttemptLogTest, NumbersAttemptsPerDestination) {
  Recorder recorder;
  recorder.begin(kSource, kDestination, Instant(1));
  recorder.begin(kSource, endpoint("[::1]:50000"), Instant(2));
  recorder.begin(kSource, kDestination, Instant(3));
  const auto log = recorder.log();
  ASSERT_EQ(log.kept.size(), 3U);
  EXPECT_EQ(log.kept[0].number, 1U);
  EXPECT_EQ(log.kept[1].number, 1U);
  EXPECT_EQ(log.kept[2].number, 2U);
  EXPECT_EQ(log.pending, 3U);
  EXPECT_EQ(log.first_at, Instant(1));
  EXPECT_EQ(log.last_at, Instant(3));
}

TEST(AttemptLogTest, KeepsAttemptsInOrderOfTime) {
  Recorder recorder;
  for (const int at : {5, 3, 4, 4, 1}) recorder.begin(kSource, kDestination, Instant(at));
  const auto log = recorder.log();
  std::vector<std::uint64_t> numbers;
  for (const Attempt& attempt : log.kept) numbers.push_back(attempt.number);
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{5, 2, 3, 4, 1}));
  EXPECT_EQ(log.first_at, Instant(1));
  EXPECT_EQ(log.last_at, Instant(5));
}

TEST(AttemptLogTest, MovesAnAttemptFromPendingToItsOutcome) {
  Recorder recorder;
  begin_refused(recorder, 1);
  recorder.decide(recorder.begin(kSource, kDestination, Instant(2)), Outcome::kAccepted, Instant(5));
  recorder.decide(recorder.begin(kSource, kDestination, Instant(3)), Outcome::kSelfConnected, Instant(6));
  const auto log = recorder.log();
  EXPECT_EQ(log.total, 3U);
  EXPECT_EQ(log.pending, 0U);
  EXPECT_EQ(log.refused, 1U);
  EXPECT_EQ(log.accepted, 1U);
  EXPECT_EQ(log.self_connected, 1U);
  EXPECT_EQ(log.kept[1].outcome, Outcome::kAccepted);
  EXPECT_EQ(log.kept[1].decided_at, Instant(5));
}

TEST(AttemptLogTest, KeepsTheFirstAndTheLast) {
  Recorder recorder;
  constexpr int kTotal = 5000;
  for (int i = 1; i <= kTotal; ++i) begin_refused(recorder, i);
  const auto log = recorder.log();
  EXPECT_EQ(log.total, 5000U);
  EXPECT_EQ(log.refused, 5000U);
  ASSERT_EQ(log.kept.size(), Recorder::kFirst + Recorder::kLast);
  EXPECT_EQ(log.kept.front().number, 1U);
  EXPECT_EQ(log.kept[1023].number, 1024U);
  EXPECT_EQ(log.kept[1024].number, 3977U);
  EXPECT_EQ(log.kept.back().number, 5000U);
}

TEST(AttemptLogTest, KeepsSelfConnectionsInBetween) {
  Recorder recorder;
  std::uint64_t expected = 0;
  for (int i = 1; i <= 5000; ++i) {
    const auto ticket = recorder.begin(kSource, kDestination, Instant(i));
    const bool self = i % 100 == 0;
    recorder.decide(ticket, self ? Outcome::kSelfConnected : Outcome::kRefused, Instant(i));
    if (self && i > 1024 && i <= 5000 - 1024) ++expected;
  }
  const auto log = recorder.log();
  EXPECT_EQ(log.kept.size(), 2048U + expected);
  EXPECT_TRUE(std::ranges::is_sorted(log.kept, {}, &Attempt::at));
  EXPECT_EQ(std::ranges::count(log.kept, Outcome::kSelfConnected, &Attempt::outcome), 50);
}

TEST(AttemptLogTest, BoundsSelfConnectionsInBetween) {
  Recorder recorder;
  for (int i = 1; i <= 10000; ++i) {
    recorder.decide(recorder.begin(kSource, kDestination, Instant(i)), Outcome::kSelfConnected, Instant(i));
  }
  EXPECT_EQ(recorder.log().kept.size(), 3072U);
  EXPECT_EQ(recorder.log().self_connected, 10000U);
}

TEST(AttemptLogTest, FindsAnAttemptWhereverItLies) {
  Recorder recorder;
  const auto first = recorder.begin(kSource, kDestination, Instant(1));
  for (int i = 2; i <= 1999; ++i) begin_refused(recorder, i);
  const auto self = recorder.begin(kSource, kDestination, Instant(2000));
  recorder.decide(self, Outcome::kSelfConnected, Instant(2000));
  const auto pending = recorder.begin(kSource, kDestination, Instant(2001));
  ASSERT_NE(recorder.find(pending), nullptr);
  EXPECT_EQ(recorder.find(pending)->number, 2001U);
  for (int i = 2002; i <= 5000; ++i) begin_refused(recorder, i);
  const auto last = begin_refused(recorder, 5001);

  ASSERT_NE(recorder.find(first), nullptr);
  EXPECT_EQ(recorder.find(first)->number, 1U);
  ASSERT_NE(recorder.find(self), nullptr);
  EXPECT_EQ(recorder.find(self)->number, 2000U);
  ASSERT_NE(recorder.find(last), nullptr);
  EXPECT_EQ(recorder.find(last)->number, 5001U);
  EXPECT_EQ(recorder.find(pending), nullptr) << "only counted";
  recorder.decide(pending, Outcome::kAccepted, Instant(9000));
  EXPECT_EQ(recorder.log().accepted, 1U);
}

TEST(AttemptLogTest, TellsParityOfSourcePortsPerDestination) {
  Recorder recorder;
  for (std::uint16_t i = 0; i < 100; ++i) {
    recorder.begin({kSource.address, static_cast<std::uint16_t>(40001 + 2 * i)}, kDestination, Instant(i));
  }
  recorder.begin({kSource.address, 40002}, endpoint("[::1]:50000"), Instant(100));
  ASSERT_EQ(recorder.destinations().size(), 2U);
  const auto& stats = recorder.destinations()[0];
  EXPECT_EQ(stats.destination, kDestination);
  EXPECT_EQ(stats.attempts, 100U);
  EXPECT_EQ(stats.odd_source_ports, 100U);
  EXPECT_EQ(stats.even_source_ports, 0U);
  EXPECT_EQ(stats.last_at, Instant(99));
  ASSERT_EQ(stats.first_source_ports.size(), Recorder::kFirstSourcePorts);
  EXPECT_EQ(stats.first_source_ports[1], 40003);
  EXPECT_EQ(recorder.destinations()[1].even_source_ports, 1U);
}

TEST(AttemptLogTest, CountsDestinationsBeyondTheLimitTogether) {
  Recorder recorder;
  for (std::uint16_t port = 1; port <= 70; ++port) {
    recorder.begin(kSource, {kDestination.address, port}, Instant(port));
  }
  EXPECT_EQ(recorder.destinations().size(), 64U);
  EXPECT_EQ(recorder.other_destinations().attempts, 6U);
  EXPECT_EQ(recorder.other_destinations().first_at, Instant(65));
  EXPECT_EQ(recorder.log().kept.back().number, 6U);
  EXPECT_EQ(recorder.log().kept[63].number, 1U);
}

}  // namespace
}  // namespace selfconnect
