// SPDX-License-Identifier: MIT
#include "harness/check/learned.h"

#include <gtest/gtest.h>

namespace selfconnect {
namespace {

Endpoint at(std::string_view text) { return *Endpoint::parse(text); }

std::vector<Destination> dialled(std::initializer_list<std::string_view> endpoints) {
  std::vector<Destination> destinations;
  for (const auto& one : endpoints) destinations.push_back({at(one)});
  return destinations;
}

std::vector<std::string> texts(const std::vector<Destination>& destinations) {
  std::vector<std::string> result;
  for (const Destination& one : destinations) result.push_back(one.endpoint.text());
  return result;
}

using Texts = std::vector<std::string>;

TEST(LearnedTest, TellsTheAllocatorByTheMajorityOfSourcePorts) {
  std::vector<DestinationStats> stats(3);
  stats[0].even_source_ports = 3;
  stats[0].odd_source_ports = 2;
  stats[1].even_source_ports = 2;
  stats[1].odd_source_ports = 3;
  const auto destinations = destinations_of(stats);
  ASSERT_EQ(destinations.size(), 3U);
  EXPECT_EQ(destinations[0].allocator, Allocator::kConnect);
  EXPECT_EQ(destinations[1].allocator, Allocator::kBind);
  EXPECT_EQ(destinations[2].allocator, Allocator::kConnect) << "the usual one when nothing tells";
}

TEST(LearnedTest, KeepsTheFirstDestinationsOnly) {
  std::vector<DestinationStats> stats(kMaxDestinations + 1);
  for (std::size_t i = 0; i < stats.size(); ++i)
    stats[i].destination.port = static_cast<std::uint16_t>(i + 1);
  const auto destinations = destinations_of(stats);
  ASSERT_EQ(destinations.size(), kMaxDestinations);
  EXPECT_EQ(destinations.front().endpoint.port, 1);
  EXPECT_TRUE(destinations_of({}).empty());
}

TEST(LearnedTest, NarrowsToPortAndHost) {
  CheckOptions options;
  auto destinations = dialled({"127.0.0.1:1", "10.0.0.1:2", "127.0.0.1:2"});
  ASSERT_TRUE(narrow(destinations, options));
  EXPECT_EQ(destinations.size(), 3U);
  options.port = 2;
  ASSERT_TRUE(narrow(destinations, options));
  EXPECT_EQ(texts(destinations), (Texts{"10.0.0.1:2", "127.0.0.1:2"}));
  options.host = *Address::parse("10.0.0.1");
  ASSERT_TRUE(narrow(destinations, options));
  EXPECT_EQ(texts(destinations), Texts{"10.0.0.1:2"});
}

TEST(LearnedTest, SaysWhatWasDialledInstead) {
  CheckOptions options;
  options.port = 3;
  auto destinations = dialled({"127.0.0.1:1", "[::1]:2"});
  const auto by_port = narrow(destinations, options);
  ASSERT_FALSE(by_port);
  EXPECT_EQ(by_port.error().kind, StageFailure::Kind::kError);
  EXPECT_EQ(
      by_port.error().reason,
      "the target never dialled port 3; it dialled 127.0.0.1:1, [::1]:2: leave --port out, or give that "
      "port");
  options.port.reset();
  options.host = *Address::parse("10.0.0.1");
  destinations = dialled({"127.0.0.1:1"});
  const auto by_host = narrow(destinations, options);
  ASSERT_FALSE(by_host);
  EXPECT_EQ(
      by_host.error().reason,
      "the target never dialled 10.0.0.1; it dialled 127.0.0.1:1: leave --host out, or give that address");
}

TEST(LearnedTest, KeepsTheFirstOfEachPort) {
  EXPECT_EQ(texts(one_per_port(dialled({"127.0.0.1:1", "[::1]:1", "127.0.0.1:2", "10.0.0.1:1"}))),
            (Texts{"127.0.0.1:1", "127.0.0.1:2"}));
}

TEST(LearnedTest, TellsAOneShotByItsEnd) {
  Trace refused;
  refused.ended.how = Ended::How::kExit;
  EXPECT_EQ(kind_of(refused), Kind::kOneShot);
  refused.ended.how = Ended::How::kSignal;
  EXPECT_EQ(kind_of(refused), Kind::kOneShot);
  refused.ended.how = Ended::How::kStopped;
  EXPECT_EQ(kind_of(refused), Kind::kReconnector);
}

TEST(LearnedTest, SaysHowATargetThatDialsNothingEnded) {
  Trace refused;
  refused.ended = {.how = Ended::How::kExit, .code = 64, .at = {}, .stop_reason = {}};
  EXPECT_EQ(dials_nothing(refused).reason, "the target dialled nothing over TCP: it ended with exit code 64");
  refused.out = {.head = "output\n", .tail = {}, .total = 7};
  EXPECT_TRUE(dials_nothing(refused).reason.ends_with("64; it said: output"));
  refused.err = {.head = "first\nusage: x\r\n\n", .tail = {}, .total = 17};
  EXPECT_TRUE(dials_nothing(refused).reason.ends_with("64; it said: usage: x"));
  refused.ended = {.how = Ended::How::kSignal, .code = 11, .at = {}, .stop_reason = {}};
  EXPECT_TRUE(dials_nothing(refused).reason.starts_with(
      "the target dialled nothing over TCP: it was killed by signal 11"));
  refused.ended = {.how = Ended::How::kStopped, .code = 0, .at = std::chrono::seconds(10), .stop_reason = {}};
  EXPECT_TRUE(dials_nothing(refused).reason.starts_with(
      "the target dialled nothing over TCP: it was watched for 10.0 s"));
}

}  // namespace
}  // namespace selfconnect
