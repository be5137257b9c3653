// SPDX-License-Identifier: MIT
#include "harness/sys/pattern.h"

#include <gtest/gtest.h>

namespace selfconnect {
namespace {

std::string reason(std::string_view expression) {
  const auto compiled = Pattern::compile(expression);
  return compiled ? "" : compiled.error().message;
}

std::optional<std::string_view> find(std::string_view expression, std::string_view text) {
  const auto pattern = Pattern::compile(expression);
  EXPECT_TRUE(pattern) << pattern.error().message;
  return pattern ? pattern->find(text) : std::nullopt;
}

TEST(PatternTest, FindsTheLeftmostMatch) {
  EXPECT_EQ(find("PONG", "+PONG"), "PONG");
  EXPECT_EQ(find("^HTTP/1\\.[01] 2\\d\\d", "HTTP/1.1 204 No Content"), "HTTP/1.1 204");
  EXPECT_EQ(find("(a|b){2,3}[x-z]+?", "aababzz aax"), "babz");
  EXPECT_EQ(find("\\bready$", "not yet ready"), "ready");
  EXPECT_EQ(find("^ready", "not ready"), std::nullopt);
  EXPECT_EQ(find("x*", "abc"), "");
}

TEST(PatternTest, HoldsAgainstBytes) {
  EXPECT_EQ(find("a.b",
                 "\xff"
                 "a\x80"
                 "b"),
            "a\x80"
            "b");
  EXPECT_EQ(find("caf\xc3\xa9", "caf\xc3\xa9 open"), "caf\xc3\xa9");
  EXPECT_EQ(find("a\\x00b", std::string_view("a\0b", 3)), std::string_view("a\0b", 3));
}

TEST(PatternTest, SaysWhyItIsNone) {
  EXPECT_EQ(reason("(a"), "'(a' is not a regular expression: missing ): (a");
  EXPECT_EQ(reason("*x"), "'*x' is not a regular expression: no argument for repetition operator: *");
  EXPECT_EQ(reason("[a"), "'[a' is not a regular expression: missing ]: [a");
  EXPECT_EQ(reason("x\\"), "'x\\' is not a regular expression: trailing \\");
  EXPECT_EQ(reason("[z-a]"), "'[z-a]' is not a regular expression: invalid character class range: z-a");
  EXPECT_EQ(reason("(a)\\1"), "'(a)\\1' is not a regular expression: invalid escape sequence: \\1");
  EXPECT_EQ(reason("-\\c"), "'-\\c' is not a regular expression: invalid escape sequence: \\c");
  EXPECT_EQ(reason("(?!a)"), "'(?!a)' is not a regular expression: invalid perl operator: (?!");
}

TEST(PatternTest, RefusesTheEmptyPattern) { EXPECT_EQ(reason(""), "the regular expression is empty"); }

TEST(PatternTest, RefusesWhatIsTooLarge) {
  EXPECT_EQ(reason("a{1001}"), "'a{1001}' is not a regular expression: invalid repetition size: {1001}");
  EXPECT_EQ(reason("((a{100}){100}){100}"),
            "'((a{100}){100}){100}' is not a regular expression: invalid repetition size: {100}");
  EXPECT_EQ(
      reason(std::string(1 << 21, 'a')),
      "'" + std::string(200, 'a') + "...' is not a regular expression: pattern too large - compile failed");
}

// std::regex overflowed its integers there.
TEST(PatternTest, TakesNumbersThatNoIntHoldsAsText) {
  EXPECT_EQ(find("a{3333333333}", "a{3333333333}"), "a{3333333333}");
  EXPECT_EQ(find("[x\\\\]{2}e\\{2043333333333333333333333}", "x\\e{2043333333333333333333333}"),
            "x\\e{2043333333333333333333333}");
}

// A backtracking engine would take until the end of time, or of the stack.
TEST(PatternTest, TakesLinearTimeAndNoStack) {
  EXPECT_EQ(reason(std::string(100'000, '(') + "a" + std::string(100'000, ')')), "");
  EXPECT_EQ(find("^(a+)+$", std::string(100'000, 'a') + "b"), std::nullopt);
  const std::string line = std::string(1 << 20, 'x') + "PONG";
  EXPECT_EQ(find("(x|y)*PONG$", line), line);
}

}  // namespace
}  // namespace selfconnect
