// The tests' own skip helper: what it skips, what it fails, what it lets through.
// SPDX-License-Identifier: MIT
#include "tests/capability.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace selfconnect {
namespace {

class CapabilityTest : public testing::Test {
 protected:
  // What a test body that needs "netns" reports under $SELFCONNECT_EXPECT=expect; says whether it went on.
  void ask(const char* expect, const std::string& missing) {
    const char* before = std::getenv("SELFCONNECT_EXPECT");
    const std::string kept = before == nullptr ? "" : before;
    setenv("SELFCONNECT_EXPECT", expect, 1);
    {
      testing::ScopedFakeTestPartResultReporter reporter(
          testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results_);
      body(missing);
    }
    before == nullptr ? unsetenv("SELFCONNECT_EXPECT") : setenv("SELFCONNECT_EXPECT", kept.c_str(), 1);
  }

  void body(const std::string& missing) {
    SELFCONNECT_NEEDS("netns", missing);
    went_on_ = true;
  }

  testing::TestPartResultArray results_;
  bool went_on_ = false;
};

TEST_F(CapabilityTest, GoesOnWhereNothingIsMissing) {
  ask("netns", "");
  EXPECT_TRUE(went_on_);
  EXPECT_EQ(results_.size(), 0);
}

TEST_F(CapabilityTest, SkipsWithTheReasonWhereItIsNotExpected) {
  ask("userns,capture", "not permitted");
  EXPECT_FALSE(went_on_);
  ASSERT_EQ(results_.size(), 1);
  EXPECT_TRUE(results_.GetTestPartResult(0).skipped());
  EXPECT_STREQ(results_.GetTestPartResult(0).message(), "needs netns: not permitted");
}

TEST_F(CapabilityTest, FailsWhereItIsExpected) {
  ask("userns,netns", "not permitted");
  EXPECT_FALSE(went_on_);
  ASSERT_EQ(results_.size(), 1);
  EXPECT_TRUE(results_.GetTestPartResult(0).fatally_failed());
}

TEST(ExpectedCapabilityTest, ReadsNamesBetweenCommas) {
  EXPECT_TRUE(is_expected_capability("netns", "netns"));
  EXPECT_TRUE(is_expected_capability("netns", "capture,netns"));
  EXPECT_TRUE(is_expected_capability("netns", "all"));
  EXPECT_FALSE(is_expected_capability("netns", "netns2,net"));
  EXPECT_FALSE(is_expected_capability("netns", ""));
  EXPECT_FALSE(is_expected_capability("netns", nullptr));
}

}  // namespace
}  // namespace selfconnect
