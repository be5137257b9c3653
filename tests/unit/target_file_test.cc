// SPDX-License-Identifier: MIT
#include "harness/launch/target_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace selfconnect {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

TargetFile parsed(std::string_view text) {
  auto file = parse_target_file(text, "dir/t.toml");
  EXPECT_TRUE(file) << file.error().message;
  return file.value_or(TargetFile{});
}

std::string complaint(std::string_view text) {
  const auto file = parse_target_file(text, "t.toml");
  return file ? "no complaint" : file.error().message;
}

TEST(TargetFileTest, ReadsEveryKey) {
  const TargetFile file = parsed(R"(
command = ["redis-cli", "-p", "{port}", "PING"]
server = "redis-server --port {port} --save ''"
success = "PONG"
secrets = ["s3cret"]
kind = "one-shot"
stdin = "input.txt"
timeout = "2.5s"
host = "127.0.0.1"
port = 6379
[limits]
open_files = 64
processes = 10
address_space = 1_000_000_000
file_size = 0
cpu_seconds = 5
[expect]
version = "7.0.15"
verdict = "fail"
errors = ["echo-accepted"]
warnings = ["talks-to-itself"]
may = ["leaves-time-wait"]
)");
  EXPECT_THAT(file.command, ElementsAre("redis-cli", "-p", "{port}", "PING"));
  EXPECT_THAT(file.server, ElementsAre("redis-server", "--port", "{port}", "--save", ""));
  EXPECT_EQ(file.success, "PONG");
  EXPECT_THAT(file.secrets, ElementsAre("s3cret"));
  EXPECT_EQ(file.kind, "one-shot");
  EXPECT_EQ(file.stdin_file, "dir/input.txt");
  EXPECT_EQ(file.timeout, 2500ms);
  EXPECT_EQ(file.host, Address::loopback(Family::kIpv4));
  EXPECT_EQ(file.port, 6379);
  EXPECT_THAT(file.limits,
              testing::UnorderedElementsAre(Pair(int{RLIMIT_NOFILE}, 64U), Pair(int{RLIMIT_NPROC}, 10U),
                                            Pair(int{RLIMIT_AS}, 1'000'000'000U), Pair(int{RLIMIT_FSIZE}, 0U),
                                            Pair(int{RLIMIT_CPU}, 5U)));
  EXPECT_EQ(
      file.expect,
      (TargetExpectation{"7.0.15", "fail", {"echo-accepted"}, {"talks-to-itself"}, {"leaves-time-wait"}}));
}

TEST(TargetFileTest, LeavesOutWhatIsNotGiven) {
  const TargetFile file = parsed("");
  EXPECT_THAT(file.command, IsEmpty());
  EXPECT_EQ(file.kind, "");
  EXPECT_EQ(file.stdin_file, "");
  EXPECT_EQ(file.timeout, std::nullopt);
  EXPECT_EQ(file.host, std::nullopt);
  EXPECT_EQ(file.port, std::nullopt);
  EXPECT_EQ(file.expect, std::nullopt);
}

TEST(TargetFileTest, KeepsAnAbsolutePathOfStdin) {
  EXPECT_EQ(parsed("stdin = '/dev/zero'").stdin_file, "/dev/zero");
}

TEST(TargetFileTest, PointsAtUnknownKeys) {
  EXPECT_THAT(complaint("success = 'x'\n  prot = 1\n"),
              StartsWith("t.toml:2:3: unknown key 'prot': expected one of command, server, success,"));
  EXPECT_THAT(complaint("[limits]\nopen_file = 1\n"),
              StartsWith("t.toml:2:1: unknown key 'open_file': expected one of open_files, processes,"));
  EXPECT_THAT(complaint("[expect]\nverdikt = ''\n"), StartsWith("t.toml:2:1: unknown key 'verdikt'"));
}

TEST(TargetFileTest, PointsAtValuesOfTheWrongType) {
  EXPECT_EQ(complaint("port = 'http'"),
            "t.toml:1:8: the value is of type string: expected a port, 1 to 65535");
  EXPECT_EQ(complaint("secrets = ['a',\n 2]"), "t.toml:2:2: the value is of type integer: expected a string");
  EXPECT_EQ(complaint("command = 1"),
            "t.toml:1:11: the value is of type integer: expected an array of strings, or one string");
  EXPECT_EQ(complaint("limits = 1"), "t.toml:1:10: the value is of type integer: expected a table");
  EXPECT_EQ(complaint("timeout = 10"), "t.toml:1:11: the value is of type integer: expected a string");
}

TEST(TargetFileTest, PointsAtValuesOutOfRange) {
  EXPECT_EQ(complaint("port = 0"), "t.toml:1:8: 0 is out of range: expected a port, 1 to 65535");
  EXPECT_EQ(complaint("port = 65536"), "t.toml:1:8: 65536 is out of range: expected a port, 1 to 65535");
  EXPECT_EQ(complaint("[limits]\ncpu_seconds = -1"),
            "t.toml:2:15: -1 is out of range: expected a number, 0 or more");
  EXPECT_THAT(complaint("timeout = '0s'"), StartsWith("t.toml:1:11: '0s' is out of range: expected "));
}

TEST(TargetFileTest, PointsAtTextThatMeansNothing) {
  EXPECT_THAT(complaint("timeout = 'soon'"), StartsWith("t.toml:1:11: 'soon' is not a duration: expected "));
  EXPECT_THAT(complaint("host = 'localhost'"), StartsWith("t.toml:1:8: 'localhost' is not an IPv4 or IPv6"));
  EXPECT_THAT(complaint("success = '('"), StartsWith("t.toml:1:11: '(' is not a regular expression: "));
  EXPECT_EQ(complaint("kind = 'daemon'"), "t.toml:1:8: 'daemon' is unknown: expected one-shot, reconnector");
  EXPECT_EQ(complaint("command = []"), "t.toml:1:11: the command is empty: expected words to run");
  EXPECT_EQ(complaint("server = 'a \"b'"),
            "t.toml:1:10: the quote \" in column 3 is not closed: expected words to run");
  EXPECT_EQ(complaint("secrets = ['']"), "t.toml:1:11: a secret is empty: expected at least one character");
}

TEST(TargetFileTest, PointsAtWhatIsNoToml) {
  EXPECT_THAT(complaint("port = 1\nhost ="), StartsWith("t.toml:2:7: not TOML: "));
  for (const char* text : {"port = ", "port = 1\nport = 2", "= 1", "[limits", "x = \"a\nb\"", "\xff\xfe"}) {
    const std::string message = complaint(text);
    EXPECT_THAT(message, HasSubstr("not TOML: ")) << text;
    EXPECT_THAT(message, Not(HasSubstr("\n"))) << text;
  }
}

TEST(TargetFileTest, SaysWhichFileCannotBeRead) {
  const auto missing = load_target_file("/nonexistent/t.toml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ENOENT);
  EXPECT_EQ(missing.error().message, "open(/nonexistent/t.toml): No such file or directory");
  EXPECT_EQ(load_target_file("/").error().code, EISDIR);
}

TEST(TargetFileTest, DoesNotReadWithoutEnd) {
  const auto endless = load_target_file("/dev/zero");
  ASSERT_FALSE(endless);
  EXPECT_THAT(endless.error().message, HasSubstr("larger than 1 MiB"));
}

}  // namespace
}  // namespace selfconnect
