// What a check shows and saves: the seed, colour where it belongs, a run that can be judged again, and packets that
// any tool reads.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "checked.h"
#include "machine.h"
#include "packets.h"

namespace selfconnect::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Arguments echo_accepted(Arguments options) {
  options.insert(options.end(), {"--", target_path("echo_accepted"), "{host}", "{port}"});
  return options;
}

class SavedRunTest : public ::testing::Test {
  void SetUp() override { SELFCONNECT_NEEDS("netns", why_no_world()); }
};

TEST_F(SavedRunTest, SeedIsPrintedAndAccepted) {
  const Checked chosen = check(echo_accepted({"--seed", "18446744073709551615"}));
  ASSERT_TRUE(chosen.report.is_object()) << chosen;
  EXPECT_EQ(chosen.report.at("seed"), 18446744073709551615U);
  EXPECT_THAT(chosen.called.err, HasSubstr("--seed 18446744073709551615"));

  const Checked random = check(echo_accepted({}));
  const auto seed = random.report.at("seed").get<std::uint64_t>();
  EXPECT_THAT(random.called.err, HasSubstr("--seed " + std::to_string(seed)));
  const Checked again = check(echo_accepted({"--seed", std::to_string(seed)}));
  EXPECT_EQ(again.report.at("seed"), seed);
  EXPECT_EQ(again.report.at("verdict"), random.report.at("verdict"));
  EXPECT_EQ(again.report.at("rules"), random.report.at("rules"));
}

TEST_F(SavedRunTest, IsJudgedAgainWithTheSameResult) {
  const TempDir directory;
  const Checked checked = check(echo_accepted({"--success", "PONG", "--out", directory.file("out")}));
  ASSERT_TRUE(checked.report.is_object()) << checked;
  const Called again = call({"judge", "--json", "-", directory.file("out")});
  const auto report = nlohmann::json::parse(again.out, nullptr, false);
  ASSERT_TRUE(report.is_object()) << again;
  EXPECT_EQ(again.status, checked.called.status);
  for (const char* key : {"verdict", "seed", "command", "target", "world", "destinations", "rules", "phases",
                          "not_run", "findings"})
    EXPECT_EQ(report.at(key), checked.report.at(key)) << key;
}

TEST_F(SavedRunTest, IsJudgedMoreStrictlyWhenAsked) {
  const TempDir directory;
  const Checked checked =
      check({"--out", directory.file("out"), "--", target_path("talks_to_itself"), "{host}", "{port}"});
  EXPECT_EQ(checked.called.status, 0) << checked;
  EXPECT_EQ(call({"judge", "--fail-on", "warning", directory.file("out")}).status, 1);
  EXPECT_EQ(call({"judge", "--require", "secret-echoed", directory.file("out")}).status, 77);
}

TEST_F(SavedRunTest, PacketsShowTheSimultaneousOpen) {
  for (const int version : {4, 6}) {
    SCOPED_TRACE(version);
    const TempDir directory;
    check(echo_accepted({"--family", std::to_string(version), "--out", directory.file("out")}));
    std::vector<int> flags = self_connection(directory.file("out/02-self-connect/packets.pcap"), version);
    ASSERT_GE(flags.size(), 3U);
    flags.resize(3);
    EXPECT_THAT(flags, ElementsAre(TH_SYN, TH_SYN | TH_ACK, TH_ACK));
    EXPECT_TRUE(self_connection(directory.file("out/01-refused/packets.pcap"), version).empty());
  }
}

// Standard error of a check whose standard error is a terminal.
std::string on_terminal(const std::vector<std::pair<std::string, std::string>>& environment) {
  const UniqueFd terminal(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal || grantpt(terminal.get()) != 0 || unlockpt(terminal.get()) != 0) return "no terminal";
  UniqueFd user_end(open(ptsname(terminal.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  Arguments command = {selfconnect_path(), "check"};
  for (const std::string& word : echo_accepted({})) command.push_back(word);
  Child child({.command = command, .environment = environment, .err = user_end.get()});
  user_end.reset();
  std::string text;
  std::array<char, 4096> chunk;
  // EIO is its end: nobody has the user's end any more.
  for (ssize_t size = 0; (size = read(terminal.get(), chunk.data(), chunk.size())) > 0;)
    text.append(chunk.data(), static_cast<std::size_t>(size));
  EXPECT_EQ(child.wait(std::chrono::seconds(20)), 1);
  return text;
}

constexpr const char* kColour = "\x1b\\[[0-9;]*m";

TEST_F(SavedRunTest, ColourIsForTerminalsOnly) {
  EXPECT_THAT(on_terminal({{"TERM", "xterm"}, {"NO_COLOR", ""}}), ContainsRegex(kColour));
  EXPECT_THAT(on_terminal({{"TERM", "xterm"}, {"NO_COLOR", "1"}}), Not(ContainsRegex(kColour)));
  EXPECT_THAT(on_terminal({{"TERM", "dumb"}, {"NO_COLOR", ""}}), Not(ContainsRegex(kColour)));
  const Checked piped = check(echo_accepted({}), {.environment = {{"TERM", "xterm"}, {"NO_COLOR", ""}}});
  EXPECT_THAT(piped.called.err, Not(HasSubstr("\x1b")));
  EXPECT_THAT(piped.called.err, HasSubstr("FAIL"));
}

}  // namespace
}  // namespace selfconnect::testing
