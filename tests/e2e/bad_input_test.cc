// What a user gets wrong, and what a machine does not allow: one clear line, the right exit code, nothing left behind.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>

#include "checked.h"
#include "enclosure.h"
#include "machine.h"
#include "privilege.h"

namespace selfconnect::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

struct BadCall {
  std::string name;
  Arguments arguments;  // after `selfconnect check`
  int status = 64;
  std::string says;  // in the one line
};

void PrintTo(const BadCall& bad, std::ostream* stream) { *stream << bad.name; }

Arguments guarded(Arguments options, const std::string& port = "{port}") {
  options.insert(options.end(), {"--", target_path("guarded"), "127.0.0.1", port});
  return options;
}

Arguments one_shot(Arguments options) {
  options.insert(options.end(), {"--", target_path("talks_to_itself"), "{host}", "{port}"});
  return options;
}

std::vector<BadCall> bad_calls() {
  return {
      {"CommandNotFound", {"--", "/no/such/client"}, 2, "/no/such/client: command not found"},
      {"CommandNotInPath", {"--", "no-such-client"}, 2, "no-such-client: command not found"},
      {"CommandNotExecutable", {"--", "readable"}, 2, "command not found"},
      {"CommandNotExecutableByPath", {"--", "./readable"}, 2, "./readable: not executable"},
      {"CommandIsADirectory", {"--", "/proc"}, 2, "/proc: is a directory"},
      {"CommandIsNoProgram", {"--", "./garbage"}, 2, "./garbage"},
      {"NoCommand", {"--port", "50000"}, 64, "no command"},
      {"PortZero", guarded({"--port", "0"}), 64, "'0' is not a port: expected 1 to 65535"},
      {"PortTooLarge", guarded({"--port", "70000"}), 64, "'70000' is not a port: expected 1 to 65535"},
      {"PortNoNumber", guarded({"--port", "x"}), 64, "'x' is not a port: expected 1 to 65535"},
      {"PortNeverDialled", guarded({"--port", "50001"}, "50000"), 2,
       "the target never dialled port 50001; it dialled 127.0.0.1:50000"},
      {"HostNeverDialled", guarded({"--host", "10.1.2.3"}), 2, "the target never dialled 10.1.2.3"},
      {"NothingDialled", {"--", "true"}, 2, "the target dialled nothing over TCP"},
      {"NothingDialledByOneThatStays", {"--timeout", "1s", "--", "sleep", "1000"}, 2, "dialled nothing"},
      {"UnknownPhase", guarded({"--phases", "refused,self-conect"}), 64, "did you mean self-connect?"},
      {"NoPhase", guarded({"--phases", ","}), 64, "no phase is selected"},
      {"UnknownRule", guarded({"--require", "echo-acepted"}), 64, "did you mean echo-accepted?"},
      {"UnknownOption", guarded({"--prot", "50000"}), 64, "did you mean --port?"},
      {"UnknownEngine", guarded({"--engine", "rnge"}), 64, "did you mean range?"},
      {"UnknownFamily", guarded({"--family", "5"}), 64, "'5'"},
      {"BadTimeout", guarded({"--timeout", "soon"}), 64, "'soon'"},
      {"BadSeed", guarded({"--seed", "-1"}), 64, "--seed"},
      {"BadPattern", guarded({"--success", "("}), 64, "--success"},
      {"MalformedToml", {"--target", "malformed.toml"}, 64, "malformed.toml:2:"},
      {"WrongTomlValue", {"--target", "wrong.toml"}, 64, "wrong.toml:2:8: 70000"},
      {"NoTomlFile", {"--target", "none.toml"}, 64, "none.toml"},
      {"OutIsAFile", one_shot({"--out", "readable"}), 2, "readable"},
      {"OutNotWritable", one_shot({"--out", "/proc/none"}), 2, "/proc/none"},
      {"OutOnReadOnlyFileSystem", one_shot({"--out", "/selfconnect-out"}), 2, "Read-only file system"},
      {"JsonNotWritable", one_shot({"--json", "none/report.json"}), 2, "none/report.json"},
      {"NoStdinFile", one_shot({"--stdin", "none"}), 2, "none"},
      {"ServerNotFound", one_shot({"--server", "/no/such/server"}), 2, "/no/such/server: command not found"},
      {"ServerDies", one_shot({"--server", "sh -c 'echo no licence >&2; exit 3'"}), 2,
       "the server command ended before it listened on 127.0.0.1:50000: exit code 3: no licence"},
      {"ServerNeverListens", one_shot({"--timeout", "1s", "--server", "sleep 1000"}), 2,
       "the server command never listened on 127.0.0.1:50000"},
  };
}

void make_files(const Enclosure& enclosure) {
  write_file(enclosure.file("readable"), "#!/bin/sh\n");
  write_file(enclosure.file("garbage"), "\x7f no program\n");
  chmod(enclosure.file("garbage").c_str(), 0755);
  write_file(enclosure.file("malformed.toml"), "success = 'x'\ncommand = [\n");
  write_file(enclosure.file("wrong.toml"), "command = 'true'\nport = 70000\n");
}

const std::set<std::string> kMade = {"readable", "garbage", "malformed.toml", "wrong.toml"};

class BadInputTest : public ::testing::TestWithParam<BadCall> {};

TEST_P(BadInputTest, IsOneLineAndItsExitCode) {
  SELFCONNECT_NEEDS("userns", why_no_user_namespace());
  in_enclosure(Identity::kRoot, [](const Enclosure& enclosure) {
    make_files(enclosure);
    Arguments arguments = {"check"};
    arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
    const Called called = call(arguments);
    EXPECT_EQ(called.status, GetParam().status) << called;
    EXPECT_THAT(called.err, MatchesRegex("selfconnect[^\n]*\n"));
    EXPECT_THAT(called.err, HasSubstr(GetParam().says));
    EXPECT_EQ(called.out, "");
    enclosure.expect_nothing_left(kMade);
  });
}

INSTANTIATE_TEST_SUITE_P(Calls, BadInputTest, ::testing::ValuesIn(bad_calls()),
                         [](const auto& one) { return one.param.name; });

// It binds to the port that it dials, so no control is without a self-connection: nothing can be said of it.
TEST(SkipTest, ClientThatConnectsItselfUnforcedIsNotJudged) {
  SELFCONNECT_NEEDS("userns", why_no_user_namespace());
  in_enclosure(Identity::kRoot, [](const Enclosure& enclosure) {
    const Called called = call({"check", "--", "python3", "-c",
                                "import socket; s = socket.socket(); s.bind(('127.0.0.1', 50000)); "
                                "s.connect(('127.0.0.1', 50000))"});
    EXPECT_EQ(called.status, 77) << called;
    EXPECT_THAT(called.err, HasSubstr("in each of 5 controls"));
    enclosure.expect_nothing_left({});
  });
}

TEST(FullDiskTest, FullOutIsAnError) {
  SELFCONNECT_NEEDS("userns", why_no_user_namespace());
  in_enclosure(Identity::kRoot, [](const Enclosure& enclosure) {
    std::filesystem::create_directory(enclosure.file("out"));
    ASSERT_EQ(mount("tmpfs", enclosure.file("out").c_str(), "tmpfs", 0, "size=16k"), 0);
    const Enclosure with_mount(enclosure.path());
    const Called called = call(
        {"check", "--out", enclosure.file("out"), "--", target_path("echo_accepted"), "{host}", "{port}"});
    EXPECT_EQ(called.status, 2) << called;
    EXPECT_THAT(called.err, MatchesRegex("selfconnect[^\n]*No space left on device\n"));
    with_mount.expect_nothing_left({"out"});
  });
}

TEST(FullDiskTest, FullReportIsAnError) {
  SELFCONNECT_NEEDS("netns", why_no_world());
  const Called called =
      call({"check", "--json", "/dev/full", "--", target_path("talks_to_itself"), "{host}", "{port}"});
  EXPECT_EQ(called.status, 2) << called;
  EXPECT_THAT(called.err, HasSubstr("error: write(/dev/full): No space left on device"));
}

TEST(FullDiskTest, NowhereToWriteTheConsoleReportStillGivesTheVerdict) {
  SELFCONNECT_NEEDS("netns", why_no_world());
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  const Checked checked =
      check({"--", target_path("echo_accepted"), "{host}", "{port}"}, {.err = full.get()});
  EXPECT_EQ(checked.called.status, 1) << checked;
  EXPECT_EQ(checked.verdict(), "fail");
}

struct Denial {
  std::string name;
  void (*deny)();
};

void PrintTo(const Denial& denial, std::ostream* stream) { *stream << denial.name; }

class NoNamespacesTest : public ::testing::TestWithParam<Denial> {};

TEST_P(NoNamespacesTest, IsASkipForAnEngineThatNeedsThem) {
  SELFCONNECT_NEEDS("userns", why_no_user_namespace());
  in_enclosure(Identity::kOrdinary, [](const Enclosure& enclosure) {
    const Checked checked = check({"--engine", "range", "--", target_path("guarded"), "{host}", "{port}"},
                                  {.prepare = GetParam().deny});
    EXPECT_EQ(checked.called.status, 77) << checked;
    EXPECT_EQ(checked.verdict(), "skip");
    ASSERT_TRUE(checked.report.is_object());
    EXPECT_THAT(checked.report.at("reason").get<std::string>(), HasSubstr("selfconnect doctor"));
    EXPECT_THAT(checked.called.err, HasSubstr("SKIP"));
    enclosure.expect_nothing_left();
  });
}

TEST_P(NoNamespacesTest, DoctorSaysWhatWorksAllTheSame) {
  SELFCONNECT_NEEDS("userns", why_no_user_namespace());
  in_enclosure(Identity::kOrdinary, [](const Enclosure& enclosure) {
    const Called called = call({"doctor"}, {.prepare = GetParam().deny});
    EXPECT_EQ(called.status, 0) << called;
    EXPECT_THAT(called.out, HasSubstr("  missing  isolated network"));
    EXPECT_THAT(called.out,
                HasSubstr("check and measure can run here, with the engine notify in the network at hand"));
    enclosure.expect_nothing_left();
  });
}

INSTANTIATE_TEST_SUITE_P(Denials, NoNamespacesTest,
                         ::testing::Values(Denial{"Seccomp", deny_namespaces_by_seccomp},
                                           Denial{"Docker", deny_namespaces_as_docker_does},
                                           Denial{"Sysctl", deny_namespaces_by_sysctl}),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace selfconnect::testing
