// The command `predict`, as a user calls it.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "checked.h"
#include "harness/net/endpoint.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

TEST(PredictTest, AnswersForPeopleOnStandardOutput) {
  const Called called = call({"predict", "--port", "50000", "--kernel", "linux-5.18", "--interval", "1s"});
  EXPECT_EQ(called.status, 0) << called;
  EXPECT_THAT(called.out, HasSubstr("1 in 14,116"));
  EXPECT_THAT(called.err, IsEmpty());
}

TEST(PredictTest, LeavesStandardOutputToTheJsonThatGoesThere) {
  const Called called = call({"predict", "--port", "50000", "--kernel", "linux-4.2", "--json", "-"});
  EXPECT_EQ(called.status, 0) << called;
  EXPECT_EQ(nlohmann::json::parse(called.out).at("ports").at(0).at("candidates"), 14116);
  EXPECT_THAT(called.err, HasSubstr("linux-4.2"));
}

TEST(PredictTest, RefusesAPortThatNeverComesUpInOneLine) {
  const Called called = call({"predict", "--port", "50001", "--kernel", "linux-5.18"});
  EXPECT_EQ(called.status, 64) << called;
  EXPECT_THAT(called.err,
              MatchesRegex("selfconnect predict: port 50001 is odd[^\n]*port 50000 would[^\n]*\n"));
  EXPECT_THAT(called.out, IsEmpty());
}

TEST(PredictTest, AnswersForTheLastPortOfAnOddRangeThatAHoleLeadsTo) {
  const Called called = call({"predict", "--port", "50004", "--range", "50000-50004", "--reserved", "50002",
                              "--kernel", "linux-5.18", "--rate", "1000", "--json", "-"});
  EXPECT_EQ(called.status, 0) << called;
  const auto port = nlohmann::json::parse(called.out).at("ports").at(0);
  EXPECT_EQ(port.at("candidates"), 2);
  EXPECT_EQ(port.at("method"), "recurrence");
  EXPECT_NEAR(port.at("per_attempt"), 4 / 7.0, 1e-4) << called;
}

TEST(PredictTest, NamesTheFileThatCannotBeWritten) {
  const Called called = call({"predict", "--port", "50000", "--json", "/dev/full"});
  EXPECT_EQ(called.status, 2) << called;
  EXPECT_THAT(called.err, HasSubstr("error: write(/dev/full): No space left on device"));
}

// A port of the machine's range, whatever that is: bind to port 0 gives one.
TEST(PredictTest, ListsTheServicesOfThisMachine) {
  const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage{};
  socklen_t length = Endpoint{Address::loopback(Family::kIpv4), 0}.to_sockaddr(storage);
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&storage), length), 0);
  ASSERT_EQ(listen(listener.get(), 1), 0);
  length = sizeof(storage);
  ASSERT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&storage), &length), 0);
  const std::string endpoint = Endpoint::from_sockaddr(storage).text();

  const Called called = call({"predict", "--this-host", "--interval", "10s", "--json", "-"});
  EXPECT_EQ(called.status, 0) << called;
  EXPECT_THAT(called.err, HasSubstr(endpoint));
  std::set<std::string> listeners;
  double risk = 1;
  const auto report = nlohmann::json::parse(called.out);
  for (const auto& port : report.at("ports")) {
    listeners.insert(port.at("listener"));
    EXPECT_LE(port.at("per_attempt"), risk) << "sorted by risk";
    risk = port.at("per_attempt");
  }
  EXPECT_TRUE(listeners.contains(endpoint)) << called;
}

// By itself, each says what it says among the others.
TEST(PredictThisHostTest, ALowRiskIsNotTakenFromAHighOne) {
  std::vector<UniqueFd> listeners;
  std::set<std::uint16_t> ports;
  const auto has_both = [&] {
    return std::ranges::any_of(ports, [](auto port) { return port % 2 == 0; }) &&
           std::ranges::any_of(ports, [](auto port) { return port % 2 == 1; });
  };
  for (std::uint16_t port = 40000; port < 41000 && !has_both(); ++port) {
    UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage address{};
    const socklen_t length = Endpoint{Address::loopback(Family::kIpv4), port}.to_sockaddr(address);
    if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
        listen(listener.get(), 1) != 0)
      continue;
    listeners.push_back(std::move(listener));
    ports.insert(port);
  }
  ASSERT_TRUE(has_both());
  const Called called =
      call({"predict", "--this-host", "--rate", "1000", "--kernel", "linux-5.18", "--json", "-"});
  const auto report = nlohmann::json::parse(called.out);
  std::size_t seen = 0;
  for (const auto& port : report.at("ports")) {
    const auto listener = Endpoint::parse(port.at("listener").get<std::string>());
    if (!listener || !ports.contains(listener->port)) continue;
    ++seen;
    const Called alone = call({"predict", "--port", std::to_string(listener->port), "--rate", "1000",
                               "--kernel", "linux-5.18", "--json", "-"});
    EXPECT_EQ(alone.status == 0, port.at("per_attempt") > 0) << called << alone;
  }
  EXPECT_EQ(seen, ports.size()) << called;
}

}  // namespace
}  // namespace selfconnect::testing
