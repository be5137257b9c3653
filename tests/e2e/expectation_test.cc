// The parser of the reference targets' first lines: whatever is wrong there must not pass for an expectation.
// SPDX-License-Identifier: MIT
#include "expectation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace selfconnect::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kGood =
    "// crashes: aborts.\n"
    "// SPDX-License-Identifier: MIT\n"
    "// selfconnect: run = crashes {host} {port}\n"
    "// selfconnect: options = --secret 'a b'\n"
    "// selfconnect: kind = one-shot\n"
    "// selfconnect: verdict = fail\n"
    "// selfconnect: errors = crashes, hangs\n"
    "// selfconnect: warnings = talks-to-itself\n"
    "// selfconnect: may = spins\n"
    "int main() {}\n";

std::string with(std::string_view line, std::string_view instead) {
  std::string text(kGood);
  const auto at = text.find(line);
  EXPECT_NE(at, std::string::npos) << line;
  return text.replace(at, line.size(), instead);
}

std::string error_of(const std::string& source) {
  const auto parsed = parse_expectation(source);
  return parsed ? "none" : parsed.error().message;
}

TEST(ExpectationTest, ReadsEveryKey) {
  const auto parsed = parse_expectation(kGood);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, (Expectation{.run = {"crashes", "{host}", "{port}"},
                                  .options = {"--secret", "a b"},
                                  .kind = "one-shot",
                                  .verdict = "fail",
                                  .errors = {"crashes", "hangs"},
                                  .warnings = {"talks-to-itself"},
                                  .may = {"spins"}}));
}

TEST(ExpectationTest, RefusesAMissingKey) {
  EXPECT_EQ(error_of("int main() {}\n"), "'run' is missing");
  EXPECT_EQ(error_of(with("// selfconnect: warnings = talks-to-itself\n", "")), "'warnings' is missing");
}

TEST(ExpectationTest, RefusesAnUnknownOrRepeatedKeyAndAnEmptyValue) {
  EXPECT_EQ(error_of(with("errors =", "erors =")), "unknown key 'erors'");
  EXPECT_EQ(error_of(with("may =", "kind =")), "'kind' is there twice");
  EXPECT_EQ(error_of(with("may = spins", "may =")), "'may' has no value");
  EXPECT_THAT(error_of(with("may = spins", "may spins")), HasSubstr("no '='"));
}

TEST(ExpectationTest, RefusesUnknownRulesAndRulesOfTheOtherLevel) {
  EXPECT_THAT(error_of(with("crashes, hangs", "crashes, hang")), HasSubstr("'hang'"));
  EXPECT_THAT(error_of(with("crashes, hangs", "crashes, spins")), HasSubstr("'spins'"));
  EXPECT_THAT(error_of(with("talks-to-itself", "hangs")), HasSubstr("'hangs'"));
}

TEST(ExpectationTest, RefusesAKindOrVerdictThatCannotBe) {
  EXPECT_EQ(error_of(with("one-shot", "oneshot")), "unknown kind 'oneshot'");
  EXPECT_EQ(error_of(with("= fail", "= error")), "unknown verdict 'error'");
  EXPECT_THAT(error_of(with("= fail", "= pass")), HasSubstr("'fail' with errors"));
}

}  // namespace
}  // namespace selfconnect::testing
