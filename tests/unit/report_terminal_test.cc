// Progress and colour, on a pseudo-terminal and on a pipe.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "harness/report/console_style.h"
#include "harness/report/progress.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {
namespace {

constexpr ProgressState kState = {.phase = Phase::kSelfConnect,
                                  .number = 2,
                                  .phases = 5,
                                  .attempts = 12,
                                  .self_connects = 1,
                                  .left = std::chrono::milliseconds(9240)};

// What has been written to `to` since the last call, and comes out of `from`. A mark behind it tells where it
// ends: a terminal hands its text on some time later.
std::string written(int to, int from) {
  constexpr char kMark = '#';
  std::string text;
  if (write(to, &kMark, 1) != 1) return "cannot write the mark";
  for (char c = 0; read(from, &c, 1) == 1 && c != kMark;) text += c;
  return text;
}

class TerminalTest : public testing::Test {
 protected:
  void SetUp() override {
    master_ = UniqueFd(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!master_ || grantpt(master_.get()) != 0 || unlockpt(master_.get()) != 0) {
      GTEST_SKIP() << "no pseudo-terminal here";
    }
    slave_ = UniqueFd(open(ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_TRUE(slave_);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
  }
  void set_width(unsigned short width) {
    const winsize size = {.ws_row = 24, .ws_col = width};
    ASSERT_EQ(ioctl(master_.get(), TIOCSWINSZ, &size), 0);
  }

  // What the terminal showed since the last call.
  std::string shown() { return written(slave_.get(), master_.get()); }

  UniqueFd master_;
  UniqueFd slave_;
};

TEST(ProgressLineTest, SaysWhereTheRunIs) {
  EXPECT_EQ(progress_line(kState),
            "phase 2 of 5, self-connect: 12 attempts, 1 self-connect, at most 9.2 s left");
  EXPECT_EQ(progress_line({.left = std::chrono::seconds(-1)}),
            "phase 1 of 1, refused: 0 attempts, 0 self-connects, at most 0.0 s left");
}

TEST(ProgressTest, WritesNothingToAPipe) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  {
    Progress progress(writer.get());
    progress.show(kState);
  }
  EXPECT_EQ(written(writer.get(), reader.get()), "");
}

TEST_F(TerminalTest, ProgressWritesOverItsLineAndErasesIt) {
  set_width(0);
  Progress progress(slave_.get());
  progress.show({.attempts = 10});
  progress.show({.attempts = 1});
  const std::string longer = progress_line({.attempts = 10});
  const std::string shorter = progress_line({.attempts = 1});
  ASSERT_EQ(longer.size(), shorter.size() + 2);
  EXPECT_EQ(shown(), fmt::format("\r{}\r{}  \b\b", longer, shorter));
  progress.erase();
  EXPECT_EQ(shown(), fmt::format("\r{:{}}\r", "", shorter.size()));
  progress.erase();
  EXPECT_EQ(shown(), "") << "erased already";
}

TEST_F(TerminalTest, ProgressKeepsToOneLine) {
  set_width(20);
  Progress progress(slave_.get());
  progress.show(kState);
  EXPECT_EQ(shown(), fmt::format("\r{:.19}", progress_line(kState)));
}

TEST_F(TerminalTest, StyleHasColour) { EXPECT_TRUE(console_style(slave_.get()).colour); }

TEST_F(TerminalTest, StyleHeedsNoColor) {
  setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(console_style(slave_.get()).colour) << "empty counts as not set";
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(console_style(slave_.get()).colour);
  unsetenv("NO_COLOR");
}

TEST_F(TerminalTest, StyleHeedsADumbTerminal) {
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(console_style(slave_.get()).colour);
  unsetenv("TERM");
  EXPECT_FALSE(console_style(slave_.get()).colour);
}

TEST_F(TerminalTest, StyleTakesTheTerminalsWidthWithinLimits) {
  set_width(80);
  EXPECT_EQ(console_style(slave_.get()).width, 80U);
  set_width(20);
  EXPECT_EQ(console_style(slave_.get()).width, 60U);
  set_width(300);
  EXPECT_EQ(console_style(slave_.get()).width, 100U);
}

TEST(ConsoleStyleTest, HasNoColourOffATerminal) {
  const UniqueFd null(open("/dev/null", O_WRONLY | O_CLOEXEC));
  EXPECT_FALSE(console_style(null.get()).colour);
  EXPECT_EQ(console_style(null.get()).width, kReportWidth);
}

}  // namespace
}  // namespace selfconnect
