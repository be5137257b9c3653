// selfconnect measure: attempts that are known in advance, what the kernel does when nothing is forced, and its calls.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "checked.h"
#include "child.h"
#include "enclosure.h"
#include "machine.h"
#include "measured.h"
#include "packets.h"
#include "privilege.h"

namespace selfconnect::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using Json = nlohmann::json;

class MeasureTest : public ::testing::Test {
  void SetUp() override { SELFCONNECT_NEEDS("netns", why_no_world()); }
};

// The engines that hand out any port.
class SequentialTest : public ::testing::TestWithParam<std::string> {
  void SetUp() override { need_engine(GetParam()); }
};

TEST_P(SequentialTest, HitsAtTheStatedAttempt) {
  for (const char* host : {"127.0.0.1", "::1", "127.0.0.2", "fd00::1", "10.1.2.3"}) {
    const Measured measured = measure({"--engine", GetParam(), "--policy", "sequential:49990-50010", "--host",
                                       host, "--trials", "3", "--loop"});
    ASSERT_TRUE(measured.report.is_object()) << measured;
    EXPECT_EQ(measured.called.status, 0);
    EXPECT_EQ(measured.report.at("stated_attempt"), 11);
    ASSERT_EQ(measured.report.at("trials").size(), 3U);
    for (const Json& trial : measured.report.at("trials")) {
      EXPECT_EQ(trial.at("first_hit").at("attempt"), 11);
      EXPECT_EQ(trial.at("attempts"), 11);
      EXPECT_EQ(trial.at("source_ports").at("even"), 6);
      EXPECT_EQ(trial.at("lost"), 0);
      // The engine sees the calls, and the ring the SYNs of all that got a port.
      EXPECT_EQ(trial.at("exhausted"), 0);
    }
    EXPECT_THAT(measured.called.err, HasSubstr("first hit at attempt 11"));
    EXPECT_THAT(measured.called.err, ContainsRegex("the[ \n]+policy[ \n]+states[ \n]+attempt[ \n]+11"));
  }
}

// Threads send their SYNs in another order than they are handed their ports.
TEST_P(SequentialTest, HitsAtTheStatedAttemptOfThreadsToo) {
  const char* const threads =
      "import socket, sys, threading\n"
      "def dial():\n"
      "  while True:\n"
      "    with socket.socket() as s:\n"
      "      s.connect_ex(('127.0.0.1', 50000))\n"
      "for i in range(16): threading.Thread(target=dial).start()\n";
  for (int i = 0; i < 5; ++i) {
    const Measured measured = measure(
        {"--engine", GetParam(), "--policy", "sequential:49000-50010", "--", "python3", "-c", threads});
    ASSERT_TRUE(measured.report.is_object()) << measured;
    EXPECT_EQ(measured.report.at("stated_attempt"), 1001);
    EXPECT_EQ(measured.report.at("first_hit").at("attempt"), 1001) << measured;
    EXPECT_GE(measured.report.at("attempts"), 1001) << measured;
    EXPECT_EQ(measured.report.at("exhausted"), 0) << measured;
  }
}

// The classic demonstration: while true; do telnet 127.0.0.1 50000; done
TEST_P(SequentialTest, TelnetLoopShowsTheHandshakeFromAPortToItself) {
  SELFCONNECT_NEEDS("client", why_no_command("telnet"));
  const TempDir directory;
  const Measured measured =
      measure({"--engine", GetParam(), "--policy", "sequential:49990-50010", "--out", directory.file("out"),
               "--", "sh", "-c", "while true; do telnet 127.0.0.1 50000; done"});
  ASSERT_TRUE(measured.report.is_object()) << measured;
  EXPECT_EQ(measured.report.at("first_hit").at("attempt"), 11);
  std::vector<int> flags = self_connection(directory.file("out/trial-1/packets.pcap"), 4);
  ASSERT_GE(flags.size(), 3U);
  flags.resize(3);
  EXPECT_THAT(flags, ElementsAre(TH_SYN, TH_SYN | TH_ACK, TH_ACK));
}

TEST_P(SequentialTest, TwoSideBySideDoNotDisturbEachOther) {
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < 2; ++i) {
    children.push_back(std::make_unique<Child>(
        ChildSpec{.command = {selfconnect_path(), "measure", "--json", "-", "--engine", GetParam(),
                              "--policy", "sequential:49990-50010", "--trials", "10", "--loop"}}));
  }
  for (const auto& child : children) {
    EXPECT_EQ(child->wait(std::chrono::seconds(60)), 0) << child->err();
    const Json report = Json::parse(child->out(), nullptr, false);
    ASSERT_TRUE(report.is_object()) << child->err();
    for (const Json& trial : report.at("trials")) EXPECT_EQ(trial.at("first_hit").at("attempt"), 11) << trial;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, SequentialTest, ::testing::Values("hook", "notify"),
                         [](const auto& one) { return one.param; });

TEST_F(MeasureTest, LeavesThePortsToTheKernel) {
  const Measured measured = measure({"--range", "32768-32831", "--port", "32800", "--hits", "20", "--loop"});
  ASSERT_TRUE(measured.report.is_object()) << measured;
  const Json& report = measured.report;
  EXPECT_EQ(report.at("policy"), "kernel");
  EXPECT_EQ(report.at("world").at("range"), "32768 32831");
  EXPECT_EQ(report.at("hits"), 20);
  EXPECT_EQ(report.at("source_ports").at("odd"), 0)
      << "connect() tries the parity of the range's first port first";
  EXPECT_LT(report.at("rate").at("low"), report.at("rate").at("value"));
  EXPECT_LT(report.at("rate").at("value"), report.at("rate").at("high"));
  EXPECT_EQ(report.at("refused").get<int>() + 20, report.at("attempts"));
}

TEST_F(MeasureTest, EachTrialHasAWalkOfItsOwn) {
  const auto first_hits = [](const Measured& measured) {
    std::vector<int> attempts;
    for (const Json& trial : measured.report.at("trials"))
      attempts.push_back(trial.at("first_hit").at("attempt"));
    return attempts;
  };
  const Arguments arguments = {"--policy",    "linux-4.2", "--engine", "notify", "--range",
                               "50000-50999", "--trials",  "4",        "--loop", "--seed"};
  const auto with_seed = [&](const char* seed) {
    Arguments words = arguments;
    words.emplace_back(seed);
    return measure(words);
  };
  const Measured one = with_seed("1"), again = with_seed("1"), two = with_seed("2");
  for (const Measured* measured : {&one, &again, &two})
    ASSERT_TRUE(measured->report.is_object()) << *measured;
  EXPECT_EQ(first_hits(one), first_hits(again));
  EXPECT_NE(first_hits(one), first_hits(two));
  EXPECT_NE(first_hits(one).at(0), first_hits(one).at(1));
}

// Of two ports one is the client's own and comes first; bound, as notify binds it, it is not given again before the
// minute of its TIME_WAIT is over.
TEST_F(MeasureTest, CountsTheAttemptsForWhichATimeWaitHoldsThePort) {
  for (const char* host : {"127.0.0.1", "::1"}) {
    const auto counts = [&](const char* target) {
      return measure({"--engine", "notify", "--policy", "sequential:50000-50001", "--host", host,
                      "--attempts", "6", "--", target_path(target), "{host}", "{port}"})
          .report;
    };
    const Json by_fin = counts("leaves_time_wait"), by_reset = counts("guarded");
    ASSERT_TRUE(by_fin.is_object() && by_reset.is_object()) << host;
    EXPECT_EQ(by_fin.at("hits"), 1) << host;
    EXPECT_EQ(by_fin.at("time_wait"), 5) << host;
    EXPECT_EQ(by_fin.at("held"), 0) << host;
    EXPECT_GT(by_reset.at("hits"), 1) << host;
    EXPECT_EQ(by_reset.at("time_wait"), 0) << host;
  }
}

// The attempt was found with the engine notify, which draws when it is asked.
TEST_F(MeasureTest, HookHandsOutMorePortsThanItsTableHolds) {
  SELFCONNECT_NEEDS("bpf", why_no_hook());
  const Measured measured = measure({"--policy", "freebsd:1", "--engine", "hook", "--loop"});
  ASSERT_TRUE(measured.report.is_object()) << measured;
  EXPECT_EQ(measured.report.at("first_hit").at("attempt"), 116'580);
}

TEST_F(MeasureTest, SaysWhichPortTheCommandDialsInstead) {
  const Measured measured =
      measure({"--policy", "force", "--attempts", "3", "--", target_path("static"), "127.0.0.1", "40000"});
  EXPECT_EQ(measured.called.status, 2);
  EXPECT_THAT(measured.called.err,
              HasSubstr("never dialled port 50000; it dialled 127.0.0.1:40000: give --port 40000"));
}

TEST_F(MeasureTest, RefusesToWaitForAHitThatCannotCome) {
  const auto expect_refusal = [](Arguments words, const char* why) {
    words.insert(words.begin(), "measure");
    words.emplace_back("--loop");
    const Called called = call(words);
    EXPECT_EQ(called.status, 64) << called.err;
    EXPECT_THAT(called.err, HasSubstr("no attempt can hit: "));
    EXPECT_THAT(called.err, HasSubstr(why));
  };
  expect_refusal({"--policy", "sequential:50001-50010"}, "never hands out port 50000");
  expect_refusal({"--policy", "linux-5.18", "--range", "32768-60999", "--port", "50001"}, "is odd");
  expect_refusal({"--policy", "random:7", "--range", "50001-50063", "--port", "80"},
                 "outside the ephemeral range");
}

TEST_F(MeasureTest, KeepsToTheRangeThatIsGiven) {
  const Measured measured = measure(
      {"--policy", "macos", "--range", "50000-50063", "--hits", "10", "--engine", "notify", "--loop"});
  ASSERT_TRUE(measured.report.is_object()) << measured;
  EXPECT_LE(measured.report.at("attempts"), 640) << "each port in turn";
}

TEST_F(MeasureTest, OfAPortOfTheOtherParityThereAreNoHits) {
  const Measured measured = measure({"--port", "50001", "--attempts", "20000", "--loop"});
  EXPECT_THAT(measured.called.err, HasSubstr("note: no attempt can hit: port 50001 is odd"));
  ASSERT_TRUE(measured.report.is_object()) << measured;
  EXPECT_EQ(measured.report.at("hits"), 0);
  EXPECT_EQ(measured.report.at("attempts"), 20000);
  EXPECT_TRUE(measured.report.at("first_hit").is_null());
}

TEST_F(MeasureTest, OfAClientThatBindsFirstTheOtherParityIsNoReason) {
  const Measured measured = measure({"--port", "50001", "--range", "50000-50063", "--hits", "3", "--",
                                     target_path("bind_zero"), "{host}", "{port}"});
  EXPECT_THAT(measured.called.err, HasSubstr("unless the client binds to port 0"));
  ASSERT_TRUE(measured.report.is_object()) << measured;
  EXPECT_EQ(measured.report.at("hits"), 3);
}

TEST_F(MeasureTest, TakesTheUnspecifiedAddressForLoopback) {
  SELFCONNECT_NEEDS("bpf", why_no_hook());
  for (const char* host : {"0.0.0.0", "::"}) {
    const Measured measured = measure({"--host", host, "--attempts", "50", "--engine", "hook", "--loop"});
    ASSERT_TRUE(measured.report.is_object()) << measured;
    EXPECT_EQ(measured.report.at("exhausted"), 0) << host;
  }
}

TEST_F(MeasureTest, ShowsProgressOnATerminalAndNothingOfItElsewhere) {
  const UniqueFd terminal(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(terminal && grantpt(terminal.get()) == 0 && unlockpt(terminal.get()) == 0);
  const UniqueFd user(open(ptsname(terminal.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(user);
  const Arguments command = {selfconnect_path(), "measure", "--loop", "--duration", "700ms",
                             "--hits",           "1000000"};
  Child shown({.command = command, .err = user.get()});
  EXPECT_EQ(shown.wait(std::chrono::seconds(30)), 0);
  std::string seen(1 << 20, '\0');
  const ssize_t got = read(terminal.get(), seen.data(), seen.size());
  seen.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  const char* const progress =
      "trial 1 of 1: [0-9,]+ attempts, [0-9,]+/s, [0-9]+ hits?, at most 0.[0-9] s left";
  EXPECT_THAT(seen, ContainsRegex(progress));

  Child quiet({.command = command});
  EXPECT_EQ(quiet.wait(std::chrono::seconds(30)), 0);
  EXPECT_THAT(quiet.err(), HasSubstr("attempts/s"));
  EXPECT_THAT(quiet.err(), ::testing::Not(HasSubstr("s left")));
}

TEST_F(MeasureTest, KeepsAnOldReportWhereThereIsNoNewOne) {
  const TempDir directory;
  write_file(directory.file("old.json"), "old");
  const Called called = call({"measure", "--json", directory.file("old.json"), "--", "true"});
  EXPECT_EQ(called.status, 2) << called;
  EXPECT_EQ(read_file(directory.file("old.json")), "old");
  EXPECT_EQ(call({"measure", "--json", directory.file("new.json"), "--", "true"}).status, 2);
  EXPECT_FALSE(std::filesystem::exists(directory.file("new.json")));
}

TEST_F(MeasureTest, SaysWhichAddressTheCommandDialsInstead) {
  const Measured measured =
      measure({"--policy", "force", "--attempts", "3", "--", target_path("static"), "127.0.0.2", "50000"});
  EXPECT_EQ(measured.called.status, 2);
  EXPECT_THAT(measured.called.err, HasSubstr("it dialled 127.0.0.2:50000: give --host 127.0.0.2"));
}

TEST_F(MeasureTest, SaysAtOnceThatTheCommandDialsSomethingElse) {
  const Arguments command = {selfconnect_path(),
                             "measure",
                             "--",
                             "sh",
                             "-c",
                             "while :; do " + target_path("static") + " 127.0.0.1 6379; done"};
  Child child({.command = command});
  const std::string note = "note: so far the command never dialled port 50000; it dialled 127.0.0.1:6379";
  ASSERT_TRUE(eventually([&] { return child.err().find(note) != std::string::npos; })) << child.err();
  child.signal(SIGINT);
  EXPECT_EQ(child.wait(std::chrono::seconds(30)), 2);
  EXPECT_THAT(child.err(), ContainsRegex("attempts?, none of them at port 50000"));
}

// Every other attempt.
constexpr const char* kDialsAnotherPortToo =
    "import socket\n"
    "while True:\n"
    "  for port in (50000, 6379):\n"
    "    s = socket.socket()\n"
    "    s.connect_ex(('127.0.0.1', port))\n"
    "    s.close()\n";

TEST_F(MeasureTest, TheRateIsThatOfTheNamedPort) {
  const Measured measured = measure({"--policy", "force", "--engine", "notify", "--attempts", "100", "--",
                                     "python3", "-c", kDialsAnotherPortToo});
  ASSERT_TRUE(measured.report.is_object()) << measured;
  EXPECT_EQ(measured.report.at("destination"), "127.0.0.1:50000");
  EXPECT_EQ(measured.report.at("elsewhere").at("attempts"), 50);
  EXPECT_GE(measured.report.at("elsewhere").at("hits"), 1);
  EXPECT_DOUBLE_EQ(measured.report.at("rate").at("value"), measured.report.at("hits").get<double>() / 50);
  EXPECT_THAT(measured.called.err, HasSubstr("100 attempts, 50 of them at port 50000, "));
}

TEST_F(MeasureTest, LaunchesAOneShotUntilThereIsEnough) {
  const Measured measured = measure({"--attempts", "5", "--", target_path("static"), "127.0.0.1", "50000"});
  ASSERT_TRUE(measured.report.is_object()) << measured;
  EXPECT_EQ(measured.report.at("attempts"), 5);
  EXPECT_EQ(measured.report.at("trials").at(0).at("launches"), 5);
  EXPECT_TRUE(measured.report.at("waits").is_null()) << "the waits between launches are not the client's";
}

TEST_F(MeasureTest, WritesALinePerTrial) {
  const Called called = call({"measure", "--csv", "-", "--trials", "2", "--attempts", "10", "--loop"});
  EXPECT_EQ(called.status, 0);
  EXPECT_THAT(called.out, MatchesRegex("trial,attempts[^\n]*\n1,10,[^\n]*\n2,10,[^\n]*\n"));
}

TEST_F(MeasureTest, ReportsWhatIsKnownWhenItIsInterrupted) {
  in_enclosure(Identity::kOrdinary, [](const Enclosure& enclosure) {
    const std::string dialled = enclosure.file("dialled");
    Child child(
        {.command = {selfconnect_path(), "measure", "--json", "-", "--duration", "10m", "--", "sh", "-c",
                     target_path("static") + " 127.0.0.1 50000; touch " + dialled + "; exec sleep 1000"}});
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(dialled); }));
    child.signal(SIGINT);
    EXPECT_EQ(child.wait(std::chrono::seconds(20)), 2) << child.err();
    const Json report = Json::parse(child.out(), nullptr, false);
    ASSERT_TRUE(report.is_object()) << child.err();
    EXPECT_EQ(report.at("interrupted"), true);
    EXPECT_EQ(report.at("attempts"), 1);
    enclosure.expect_nothing_left({"dialled"});
  });
}

struct BadCall {
  std::string name;
  Arguments arguments;
  int status = 64;
  std::string says;
};

void PrintTo(const BadCall& bad, std::ostream* stream) { *stream << bad.name; }

class MeasureBadInputTest : public ::testing::TestWithParam<BadCall> {};

TEST_P(MeasureBadInputTest, IsOneLineAndItsExitCode) {
  SELFCONNECT_NEEDS("userns", why_no_user_namespace());
  in_enclosure(Identity::kRoot, [](const Enclosure& enclosure) {
    Arguments arguments = {"measure"};
    arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
    const Called called = call(arguments);
    EXPECT_EQ(called.status, GetParam().status) << called;
    EXPECT_THAT(called.err, MatchesRegex("selfconnect[^\n]*\n"));
    EXPECT_THAT(called.err, HasSubstr(GetParam().says));
    EXPECT_EQ(called.out, "");
    enclosure.expect_nothing_left({});
  });
}

INSTANTIATE_TEST_SUITE_P(
    Calls, MeasureBadInputTest,
    ::testing::Values(
        BadCall{"NoCommand", {}, 64, "no command"},
        BadCall{"LoopAndCommand", {"--loop", "--", "true"}, 64, "expected one of the two"},
        BadCall{"WrongWayRound", {"--policy", "sequential:50010-50000", "--loop"}, 64, "50010"},
        BadCall{"PortZero", {"--policy", "sequential:0-5", "--loop"}, 64, "1 to 65535"},
        BadCall{"RangeWrongWayRound", {"--range", "60000-50000", "--loop"}, 64, "--range"},
        BadCall{"UnknownPolicy", {"--policy", "linux-9", "--loop"}, 64, "linux-5.18"},
        BadCall{
            "Multicast", {"--host", "224.0.0.1", "--loop"}, 64, "no TCP connection can be made to 224.0.0.1"},
        BadCall{"Broadcast", {"--host", "255.255.255.255", "--loop"}, 64, "expected an address of one host"},
        BadCall{"LinkLocal", {"--host", "fe80::1", "--loop"}, 64, "without a scope"},
        BadCall{"NoAttempts", {"--attempts", "0", "--loop"}, 64, "--attempts: '0' is not a count"},
        BadCall{"NoTime", {"--duration", "soon", "--loop"}, 64, "--duration"},
        BadCall{"DialsNothing", {"--", "true"}, 2, "dialled nothing over TCP"},
        BadCall{"CommandNotFound", {"--", "no-such-client"}, 2, "command not found"},
        BadCall{"OutNotWritable", {"--out", "/proc/none", "--loop"}, 2, "/proc/none"},
        BadCall{"JsonNotWritable", {"--json", "none/found.json", "--loop"}, 2, "none/found.json"},
        BadCall{"RangeCannotWalk",
                {"--engine", "range", "--policy", "sequential:49990-50010", "--loop"},
                77,
                "use --engine hook or notify"}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace selfconnect::testing
