// SPDX-License-Identifier: MIT
#include "harness/sys/pattern.h"

#include <gtest/gtest.h>

namespace selfconnect {
namespace {

std::string reason(std::string_view pattern) {
  const auto checked = check_pattern(pattern);
  return checked ? "" : checked.error().message;
}

TEST(PatternTest, TakesRegularExpressions) {
  for (const char* pattern : {"PONG", "^HTTP/1\\.[01] 2\\d\\d", "(a|b){2,3}[x-z]+?"}) {
    EXPECT_EQ(reason(pattern), "") << pattern;
  }
}

TEST(PatternTest, SaysWhyItIsNone) {
  EXPECT_EQ(
      reason("("),
      "'(' is not a regular expression: '(' and ')' do not match, or nothing stands before '*', '+' or '?'");
  EXPECT_EQ(
      reason("*x"),
      "'*x' is not a regular expression: '(' and ')' do not match, or nothing stands before '*', '+' or '?'");
  EXPECT_EQ(reason("[a"), "'[a' is not a regular expression: '[' without ']'");
  EXPECT_EQ(reason("x\\"), "'x\\' is not a regular expression: unknown escape, or a backslash at the end");
  EXPECT_EQ(reason("[z-a]"),
            "'[z-a]' is not a regular expression: character range that ends before it begins");
}

TEST(PatternTest, RefusesNumbersThatNoIntHolds) {
  for (const char* pattern : {"a{3333333333}", "a{1,3333333333}", "(a)\\3333333333"}) {
    EXPECT_EQ(reason(pattern),
              std::string("'") + pattern + "' is not a regular expression: a number of more than 9 digits");
  }
  for (const char* pattern : {"3333333333", "\\{3333333333", "a{1},3333333333"}) {
    EXPECT_EQ(reason(pattern), "") << pattern;
  }
}

TEST(PatternTest, RefusesWhatTheStackCannotHold) {
  const std::string deep = std::string(100'000, '(') + "a" + std::string(100'000, ')');
  EXPECT_EQ(reason(deep), "the regular expression is longer than 4096 bytes");
  EXPECT_EQ(
      reason(std::string(kLongestPattern / 2 - 1, '(') + "a" + std::string(kLongestPattern / 2 - 1, ')')),
      "");
}

TEST(PatternTest, RefusesTheEmptyPattern) { EXPECT_EQ(reason(""), "the regular expression is empty"); }

}  // namespace
}  // namespace selfconnect
