// Where no namespace may be made: checks by the engine notify in the network at hand, of an ordinary user under what a
// container's default seccomp profile denies.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "checked.h"
#include "enclosure.h"
#include "machine.h"
#include "privilege.h"

namespace selfconnect::testing {
namespace {

using ::testing::HasSubstr;
using Rules = std::set<std::string>;

constexpr const char* kUnseen = "not judged: no packets can be captured here";

Checked check_in_container(const Arguments& arguments) {
  return check(arguments, {.prepare = enter_container});
}

struct Case {
  std::string name;  // of the test
  Arguments command;
  int status;
  Rules errors;
  Rules warnings;
};

void PrintTo(const Case& one, std::ostream* stream) { *stream << one.name; }

class ContainerTest : public ::testing::TestWithParam<Case> {
  void SetUp() override {
    SELFCONNECT_NEEDS("userns", why_no_user_namespace());
    if (GetParam().command.front() == "redis-cli") {
      SELFCONNECT_NEEDS("client", why_no_command("redis-cli"));
    }
  }
};

TEST_P(ContainerTest, IsJudgedByTheCallsAlone) {
  in_enclosure(Identity::kOrdinary, [](const Enclosure& enclosure) {
    Arguments arguments = {"--"};
    arguments.insert(arguments.end(), GetParam().command.begin(), GetParam().command.end());
    const Checked checked = check_in_container(arguments);
    SCOPED_TRACE(::testing::PrintToString(checked));
    EXPECT_EQ(checked.called.status, GetParam().status);
    EXPECT_EQ(checked.found("error"), GetParam().errors);
    EXPECT_EQ(checked.found("warning"), GetParam().warnings);
    ASSERT_TRUE(checked.report.is_object());
    EXPECT_EQ(checked.report.at("world").at("engine"), "notify");
    EXPECT_EQ(checked.report.at("world").at("isolation"), "none");
    EXPECT_EQ(checked.report.at("rules").at("talks-to-itself"), kUnseen);
    EXPECT_THAT(checked.called.err, HasSubstr("Isolation none: "));
    ASSERT_EQ(checked.phases("self-connect").size(), 1U);
    for (const auto& phase : checked.report.at("phases")) {
      EXPECT_EQ(phase.at("packets"), 0);
      EXPECT_GE(phase.at("attempts"), 1) << phase;
      EXPECT_EQ(phase.at("pending"), 0) << phase;
      if (phase.at("control")) {
        EXPECT_EQ(phase.at("self_connects"), 0) << phase;
      } else {
        EXPECT_EQ(phase.at("first_self_connect_attempt"), 1) << phase;
      }
    }
    enclosure.expect_nothing_left();
  });
}

INSTANTIATE_TEST_SUITE_P(
    Targets, ContainerTest,
    ::testing::Values(
        // It ends with a plain close, as redis-cli does of late.
        Case{"RedisCli", {"redis-cli", "-p", "50000", "PING"}, 1, {"echo-accepted"}, {"leaves-time-wait"}},
        Case{"EchoAccepted", {target_path("echo_accepted"), "127.0.0.1", "50000"}, 1, {"echo-accepted"}, {}},
        Case{"EchoAcceptedIpv6", {target_path("echo_accepted"), "::1", "50000"}, 1, {"echo-accepted"}, {}},
        Case{"Guarded", {target_path("guarded"), "{host}", "{port}"}, 0, {}, {}},
        Case{"BindsFirst", {target_path("bind_zero"), "{host}", "{port}"}, 0, {}, {}},
        Case{"NonBlocking", {target_path("epoll_nonblocking"), "{host}", "{port}"}, 0, {}, {}},
        Case{"LeavesTimeWait",
             {target_path("leaves_time_wait"), "{host}", "{port}"},
             0,
             {},
             {"leaves-time-wait"}},
        Case{"NeverRecovers", {target_path("never_recovers"), "{host}", "{port}"}, 1, {"never-recovers"}, {}},
        // Stopped while it holds the port, so that no further phase can be forced: no finding that is not known.
        Case{"HoldsPort", {target_path("holds_port"), "{host}", "{port}"}, 0, {}, {}}),
    [](const auto& one) { return one.param.name; });

class ContainerCallTest : public ::testing::Test {
  void SetUp() override { SELFCONNECT_NEEDS("userns", why_no_user_namespace()); }
};

TEST_F(ContainerCallTest, SkipsWhatIsNotOnLoopback) {
  for (const char* address : {"10.1.2.3", "127.0.0.2", "fd00::1"}) {
    const Checked checked = check_in_container({"--", target_path("guarded"), address, "50000"});
    EXPECT_EQ(checked.called.status, 77) << checked;
    EXPECT_THAT(checked.called.err, HasSubstr("the target dials"));
    EXPECT_THAT(checked.called.err, HasSubstr(address));
  }
}

// Arguments of a shell script after its text: $1 is the command.
Called shell_in_container(const std::string& script, Arguments arguments) {
  Arguments command = {"sh", "-c", script, "sh"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  Child child({.command = command, .prepare = enter_container});
  const auto status = child.wait(std::chrono::seconds(60));
  return {.status = status.value_or(-1), .out = child.out(), .err = child.err()};
}

TEST_F(ContainerCallTest, SkipsAPortThatSomebodyElseListensOn) {
  SELFCONNECT_NEEDS("client", why_no_command("redis-server"));
  const Called called = shell_in_container(
      "redis-server --port 50000 --save '' --daemonize no >/dev/null & server=$!; "
      "until redis-cli -p 50000 PING >/dev/null 2>&1; do :; done; "
      "\"$1\" check -- \"$2\" 127.0.0.1 50000; status=$?; kill $server; exit $status",
      {selfconnect_path(), target_path("guarded")});
  EXPECT_EQ(called.status, 77) << called;
  EXPECT_THAT(called.err, HasSubstr("something listens on 127.0.0.1:50000"));
}

TEST_F(ContainerCallTest, SkipsAPortInTimeWait) {
  const Called called = shell_in_container(
      "\"$1\" check -- \"$2\" 127.0.0.1 50000 >/dev/null 2>&1; \"$1\" check -- \"$2\" 127.0.0.1 50000",
      {selfconnect_path(), target_path("leaves_time_wait")});
  EXPECT_EQ(called.status, 77) << called;
  EXPECT_THAT(called.err, HasSubstr("port 50000 is taken in the network at hand (TIME-WAIT"));
}

TEST_F(ContainerCallTest, TwoChecksSideBySideDoNotDisturbEachOther) {
  const TempDir directory;
  chmod(directory.path().c_str(), 0777);
  const Called called = shell_in_container(
      "\"$1\" check --json \"$4/a\" -- \"$2\" 127.0.0.1 50000 & one=$!; "
      "\"$1\" check --json \"$4/b\" -- \"$3\" 127.0.0.1 50002; [ $? = 1 ] || exit 2; wait $one || exit 3",
      {selfconnect_path(), target_path("guarded"), target_path("echo_accepted"), directory.path().string()});
  ASSERT_EQ(called.status, 0) << called;
  for (const char* name : {"a", "b"}) {
    const auto report = nlohmann::json::parse(read_file(directory.file(name)), nullptr, false);
    ASSERT_TRUE(report.is_object());
    EXPECT_EQ(report.at("destinations").size(), 1U) << report.dump(1);
    EXPECT_EQ(report.at("not_run").size(), name[0] == 'a' ? 1U : 2U) << report.dump(1);
  }
}

TEST_F(ContainerCallTest, ASavedRunIsJudgedAlike) {
  const TempDir directory;
  chmod(directory.path().c_str(), 0777);
  const std::string out = directory.file("run");
  const Checked checked =
      check_in_container({"--out", out, "--", target_path("echo_accepted"), "{host}", "{port}"});
  ASSERT_TRUE(checked.report.is_object()) << checked;
  EXPECT_FALSE(std::filesystem::exists(out + "/02-self-connect/packets.pcap"));
  EXPECT_THAT(read_file(out + "/02-self-connect/trace.jsonl"), HasSubstr("\"attempts_from\":\"calls\""));
  const Called judged = call({"judge", "--json", "-", out});
  EXPECT_EQ(judged.status, 1) << judged;
  const auto again = nlohmann::json::parse(judged.out, nullptr, false);
  ASSERT_TRUE(again.is_object()) << judged;
  EXPECT_EQ(again.at("rules"), checked.report.at("rules"));
}

// `measure`, by the calls.
class ContainerMeasureTest : public ContainerCallTest {
 protected:
  static Called measure_in_container(Arguments arguments) {
    Arguments command = {selfconnect_path(), "measure", "--json", "-"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    Child child({.command = command, .prepare = enter_container});
    const auto status = child.wait(std::chrono::seconds(60));
    return {.status = status.value_or(-1), .out = child.out(), .err = child.err()};
  }

  static nlohmann::json measured(Arguments arguments) {
    const Called called = measure_in_container(std::move(arguments));
    EXPECT_EQ(called.status, 0) << called;
    auto found = nlohmann::json::parse(called.out, nullptr, false);
    EXPECT_TRUE(found.is_object()) << called;
    EXPECT_EQ(found["world"]["isolation"], "none") << called;
    EXPECT_EQ(found["world"]["engine"], "notify") << called;
    EXPECT_EQ(found["exhausted"], 0) << called;
    EXPECT_TRUE(found["held"].is_null()) << called;
    return found;
  }
};

TEST_F(ContainerMeasureTest, HitsAtTheStatedAttempt) {
  for (const char* host : {"127.0.0.1", "::1"}) {
    for (const Arguments& command :
         {Arguments{"--loop"}, Arguments{"--", target_path("echo_accepted"), "{host}", "{port}"}}) {
      // Its port is one of those of a range that this network's own need not have.
      Arguments arguments = {"--host", host, "--port", "30000", "--policy", "sequential:29990-30010"};
      arguments.insert(arguments.end(), command.begin(), command.end());
      const auto found = measured(std::move(arguments));
      EXPECT_EQ(found["stated_attempt"], 11);
      EXPECT_EQ(found["first_hit"]["attempt"], 11);
      EXPECT_EQ(found["attempts"], 11);
      EXPECT_EQ(found["refused"], 10);
      EXPECT_EQ(found["source_ports"]["even"], 6);
    }
  }
}

TEST_F(ContainerMeasureTest, SeesClientsThatBindFirst) {
  for (const char* policy : {"force", "sequential:29990-30010"}) {
    const auto found =
        measured({"--port", "30000", "--policy", policy, "--", target_path("bind_zero"), "{host}", "{port}"});
    EXPECT_EQ(found["hits"], 1);
    EXPECT_EQ(found["first_hit"]["attempt"], found["stated_attempt"].is_null() ? 1 : 11);
  }
}

TEST_F(ContainerMeasureTest, CountsWhatTheKernelChooses) {
  const auto found = measured({"--loop", "--port", "61001", "--attempts", "500"});
  EXPECT_EQ(found["attempts"], 500);
  EXPECT_EQ(found["hits"], 0);
  EXPECT_EQ(found["refused"], 500);
  EXPECT_EQ(found["waits"]["count"], 499);
}

TEST_F(ContainerMeasureTest, SkipsWhatTakesAWorldOfItsOwn) {
  const std::string guarded = target_path("guarded");
  const TempDir directory;
  chmod(directory.path().c_str(), 0777);
  const std::vector<std::pair<Arguments, std::string>> cases = {
      {{"--loop", "--trials", "2"}, "there is no fresh world for each trial: leave out --trials"},
      {{"--loop", "--out", directory.file("out")}, "no packets can be captured: leave out --out"},
      {{"--loop", "--range", "50000-50001"}, "leave out --range, or give another --policy"},
      {{"--loop", "--host", "127.0.0.2", "--policy", "force"},
       "only 127.0.0.1 and ::1 connect to themselves"},
      {{"--loop", "--engine", "hook"}, "no world of its own can be made for the client here"},
      {{"--policy", "force", "--", guarded, "10.1.2.3", "50000"}, "the command dials 10.1.2.3:50000"},
      {{"--policy", "force", "--attempts", "3", "--", guarded, "127.0.0.2", "50000"},
       "the command dials 127.0.0.2:50000"}};
  for (const auto& [arguments, reason] : cases) {
    const Called called = measure_in_container(arguments);
    EXPECT_EQ(called.status, 77) << called;
    EXPECT_THAT(called.err, HasSubstr(reason));
  }
}

TEST_F(ContainerMeasureTest, SaysWhichPortsWerePassedOver) {
  // Those below 1024 are not for this user.
  const Called called =
      measure_in_container({"--loop", "--port", "1050", "--policy", "sequential:1020-1100"});
  EXPECT_EQ(called.status, 0) << called;
  const auto found = nlohmann::json::parse(called.out, nullptr, false);
  EXPECT_EQ(found["first_hit"]["attempt"], 27) << called;
  EXPECT_EQ(found["trials"][0]["passed_over"], 4) << called;
  EXPECT_THAT(called.err, HasSubstr("less the 4 ports taken"));
}

TEST_F(ContainerMeasureTest, CountsAsMissedWhatItCannotSee) {
  // Dials each socket ten times; sockets that the supervisor has made are the client's after the first.
  const char* const redials =
      "import socket\n"
      "s = socket.socket()\n"
      "for i in range(10): s.connect_ex(('127.0.0.1', 50000))\n";
  const Called called = measure_in_container({"--attempts", "3", "--", "python3", "-c", redials});
  EXPECT_EQ(called.status, 0) << called;
  const auto found = nlohmann::json::parse(called.out, nullptr, false);
  EXPECT_GE(found["trials"][0]["lost"], 18) << called;
  EXPECT_THAT(called.err, HasSubstr("all counts are too low"));
}

TEST_F(ContainerMeasureTest, SkipsAPortThatTakesPrivilege) {
  const Called called = measure_in_container({"--loop", "--port", "80", "--policy", "force"});
  EXPECT_EQ(called.status, 77) << called;
  EXPECT_THAT(called.err, HasSubstr("port 80 cannot be bound by this user"));
}

TEST_F(ContainerMeasureTest, SkipsAPortThatSomebodyElseHas) {
  const Called called = shell_in_container(
      "\"$1\" check -- \"$2\" 127.0.0.1 50000 >/dev/null 2>&1; \"$1\" measure --policy force --loop",
      {selfconnect_path(), target_path("leaves_time_wait")});
  EXPECT_EQ(called.status, 77) << called;
  EXPECT_THAT(called.err, HasSubstr("port 50000 is taken in the network at hand (TIME-WAIT"));
}

}  // namespace
}  // namespace selfconnect::testing
