// SPDX-License-Identifier: MIT
#include "harness/ports/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace selfconnect {
namespace {

using ::testing::HasSubstr;

TEST(PolicyTest, ReadsWhatItWrites) {
  for (const char* text : {"force", "kernel", "sequential:50001-50020", "sequential:50001", "sequential:1-1",
                           "random:0", "random:18446744073709551615", "linux-2.6", "linux-4.2", "linux-5.18",
                           "linux-5.18:7", "freebsd", "freebsd:1", "macos"}) {
    const auto policy = parse_policy(text);
    ASSERT_TRUE(policy) << text << ": " << policy.error().message;
    EXPECT_EQ(policy->text(), text);
    EXPECT_EQ(parse_policy(policy->text()), policy);
  }
}

TEST(PolicyTest, HasOneValueForEquivalentTexts) {
  EXPECT_EQ(parse_policy("sequential:50001-65535")->text(), "sequential:50001");
  EXPECT_EQ(parse_policy("linux-5.18:0")->text(), "linux-5.18:0") << "0 is a seed";
  EXPECT_EQ(parse_policy("sequential:7-9"), Policy::sequential(7, 9));
  EXPECT_EQ(parse_policy("random:3"), Policy::random(3));
  EXPECT_EQ(parse_policy("force"), Policy::force());
  EXPECT_EQ(parse_policy("kernel"), Policy::kernel());
}

TEST(PolicyTest, SaysWhatIsWrongInOneLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"sequential:50020-50001", "wrong way round: expected sequential:50001-50020"},
      {"sequential:0", "'0' is not a port: expected 1 to 65535"},
      {"sequential:1-65536", "'65536' is not a port: expected 1 to 65535"},
      {"sequential:5-", "'' is not a port"},
      {"sequential:x", "'x' is not a port"},
      {"sequential:1-2-3", "'2-3' is not a port"},
      {"sequential", "lacks its ports: expected sequential:FIRST[-LAST]"},
      {"random", "lacks its seed: expected random:SEED"},
      {"random:-1", "'-1' is not a seed"},
      {"macos:", "'' is not a seed"},
      {"force:1", "policy force takes nothing after it"},
      {"", "unknown policy ''"},
      {"linux-9",
       "unknown policy 'linux-9': expected one of force, sequential:FIRST[-LAST], random:SEED, "
       "kernel, linux-2.6[:SEED], linux-4.2[:SEED], linux-5.18[:SEED], freebsd[:SEED], "
       "macos[:SEED]"}};
  for (const auto& [text, message] : cases) {
    const auto policy = parse_policy(text);
    ASSERT_FALSE(policy) << text;
    EXPECT_THAT(policy.error().message, HasSubstr(message));
    EXPECT_EQ(policy.error().message.find('\n'), std::string::npos);
  }
}

TEST(PolicyTest, KnowsTheModels) {
  EXPECT_TRUE(is_model(PolicyKind::kLinux2_6));
  EXPECT_TRUE(is_model(PolicyKind::kMacos));
  EXPECT_FALSE(is_model(PolicyKind::kKernel));
  EXPECT_FALSE(is_model(PolicyKind::kRandom));
}

}  // namespace
}  // namespace selfconnect
