// selfconnect measure: connect() calls that got no port.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "machine.h"
#include "measured.h"
#include "privilege.h"

namespace selfconnect::testing {
namespace {

using ::testing::HasSubstr;

// Keeps its self-connection, so that of the one port there is none left, and goes on dialling.
constexpr const char* kHoldsAndDials =
    "import socket\n"
    "held = []\n"
    "while True:\n"
    "  s = socket.socket()\n"
    "  if s.connect_ex(('127.0.0.1', 50000)) == 0: held.append(s)\n"
    "  else: s.close()\n";

// Dials again and again without blocking, the same socket three times; asks how it went by connect(), or by SO_ERROR and then
// connect() as well.
constexpr const char* kAsksByConnect =
    "import errno, select, socket, sys\n"
    "by_error = sys.argv[1] == 'error'\n"
    "while True:\n"
    "  s = socket.socket()\n"
    "  s.setblocking(False)\n"
    "  for i in range(3):\n"
    "    if s.connect_ex(('127.0.0.1', 50000)) != errno.EINPROGRESS: continue\n"
    "    select.select([], [s], [])\n"
    "    if by_error: s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)\n"
    "    s.connect_ex(('127.0.0.1', 50000))\n"
    "  s.close()\n";

class ExhaustedTest : public ::testing::TestWithParam<std::string> {
  void SetUp() override { need_engine(GetParam()); }
};

TEST_P(ExhaustedTest, CountsTheCallsThatGotNoPortUntilTheLimit) {
  const Arguments command = {"--range", "50000-50000", "--engine", GetParam(),
                             "--",      "python3",     "-c",       kHoldsAndDials};
  Arguments one = {"--hits", "1"}, time = {"--duration", "1s", "--hits", "2"};
  for (Arguments* arguments : {&one, &time})
    arguments->insert(arguments->end(), command.begin(), command.end());
  const Measured by_hits = measure(one), by_time = measure(time);
  ASSERT_TRUE(by_hits.report.is_object() && by_time.report.is_object()) << by_hits << by_time;
  EXPECT_EQ(by_hits.report.at("exhausted"), 0);
  EXPECT_EQ(by_time.report.at("attempts"), 1);
  ASSERT_TRUE(by_time.report.at("exhausted").is_number()) << by_time;
  EXPECT_GT(by_time.report.at("exhausted"), 100);
  EXPECT_EQ(by_time.report.at("trials").at(0).at("ended"), "duration");
}

TEST_P(ExhaustedTest, ToAskHowACallWentIsNone) {
  for (const char* by : {"connect", "error"}) {
    const Measured measured = measure({"--attempts", "600", "--hits", "1000", "--engine", GetParam(), "--",
                                       "python3", "-c", kAsksByConnect, by});
    ASSERT_TRUE(measured.report.is_object()) << measured;
    EXPECT_EQ(measured.report.at("attempts"), 600) << by;
    EXPECT_EQ(measured.report.at("exhausted"), 0) << by;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, ExhaustedTest, ::testing::Values("hook", "notify"),
                         [](const auto& given) { return given.param; });

TEST(ExhaustedByRangeTest, IsNotKnown) {
  SELFCONNECT_NEEDS("netns", why_no_world());
  const Measured measured = measure({"--attempts", "50", "--engine", "range", "--loop"});
  ASSERT_TRUE(measured.report.is_object()) << measured;
  EXPECT_TRUE(measured.report.at("exhausted").is_null());
  EXPECT_THAT(measured.called.err, HasSubstr("calls that got no port: not known under range"));
}

}  // namespace
}  // namespace selfconnect::testing
