// SPDX-License-Identifier: MIT
#include "harness/sys/duration.h"

#include <gtest/gtest.h>

namespace selfconnect {
namespace {

using namespace std::chrono_literals;

TEST(DurationTest, ReadsEveryUnit) {
  EXPECT_EQ(parse_duration("500ns"), 500ns);
  EXPECT_EQ(parse_duration("250us"), 250us);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("24h"), 24h);
}

TEST(DurationTest, ReadsFractions) {
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("0.1s"), 100ms);
}

TEST(DurationTest, RefusesWhatIsNoDurationAndSaysWhatIs) {
  for (const char* text :
       {"", "s", "10", "10 s", " 10s", "10x", "10sec", "1e3s", "--5s", "inf", "nan", "nans", "0x10s"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_NE(duration.error().message.find("such as 500ms, 10s or 2m"), std::string::npos) << text;
  }
}

TEST(DurationTest, RefusesNothingNegativeAndTooLong) {
  for (const char* text : {"0s", "-1s", "25h", "99999999999999999999h", "0.1ns"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_NE(duration.error().message.find("out of range"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace selfconnect
