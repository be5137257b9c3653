// SPDX-License-Identifier: MIT
#include "harness/launch/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace selfconnect {
namespace {

using ::testing::ElementsAre;

CommandLine split(std::string_view text) {
  auto words = split_command_line(text);
  EXPECT_TRUE(words) << text << ": " << words.error().message;
  return words.value_or(CommandLine{});
}

std::string split_error(std::string_view text) {
  const auto words = split_command_line(text);
  return words ? "no error" : words.error().message;
}

Endpoint endpoint(std::string_view text) { return Endpoint::parse(text).value(); }

TEST(CommandLineTest, SplitsAtWhiteSpace) {
  EXPECT_THAT(split("redis-server --port {port}"), ElementsAre("redis-server", "--port", "{port}"));
  EXPECT_THAT(split("  a\t b\n c  "), ElementsAre("a", "b", "c"));
}

TEST(CommandLineTest, KeepsQuotedWordsWhole) {
  EXPECT_THAT(split("sh -c 'echo \"$1\" \\n'"), ElementsAre("sh", "-c", "echo \"$1\" \\n"));
  EXPECT_THAT(split(R"(echo "it's" "a \"b\" \\ \n")"), ElementsAre("echo", "it's", R"(a "b" \ \n)"));
}

TEST(CommandLineTest, JoinsPartsThatTouch) {
  EXPECT_THAT(split(R"(--name='a b'"c d"e)"), ElementsAre("--name=a bc de"));
}

TEST(CommandLineTest, KeepsTheEmptyWord) {
  EXPECT_THAT(split("redis-cli -a ''"), ElementsAre("redis-cli", "-a", ""));
  EXPECT_THAT(split("x \"\" y"), ElementsAre("x", "", "y"));
}

TEST(CommandLineTest, TakesTheCharacterAfterABackslash) {
  EXPECT_THAT(split(R"(a\ b \'c\" d\\)"), ElementsAre("a b", "'c\"", "d\\"));
}

TEST(CommandLineTest, ExpandsNothing) {
  EXPECT_THAT(split("a $HOME *.cc | b > c ~ `d`"),
              ElementsAre("a", "$HOME", "*.cc", "|", "b", ">", "c", "~", "`d`"));
}

TEST(CommandLineTest, KeepsBytesThatAreNotAscii) {
  EXPECT_THAT(split("x \xc3\xa4\xff"), ElementsAre("x", "\xc3\xa4\xff"));
}

TEST(CommandLineTest, SaysWhichQuoteIsNotClosed) {
  EXPECT_EQ(split_error("echo 'a b"), "the quote ' in column 6 is not closed");
  EXPECT_EQ(split_error("echo \"a\\\""), "the quote \" in column 6 is not closed");
  EXPECT_EQ(split_error("echo x'"), "the quote ' in column 7 is not closed");
}

TEST(CommandLineTest, SaysThatNothingFollowsABackslash) {
  EXPECT_EQ(split_error("echo a\\"), "nothing follows the backslash in column 7");
}

TEST(CommandLineTest, RefusesAnEmptyCommand) {
  EXPECT_EQ(split_error(""), "the command is empty");
  EXPECT_EQ(split_error(" \t"), "the command is empty");
  EXPECT_EQ(split_error("'' x"), "the command is empty");
}

TEST(CommandLineTest, FillsEveryPlaceholderInEveryWord) {
  const CommandLine command = {"client", "-p{port}", "{host}", "{port}/{port}", "{other}"};
  EXPECT_THAT(fill_placeholders(command, endpoint("10.1.2.3:80")),
              ElementsAre("client", "-p80", "10.1.2.3", "80/80", "{other}"));
}

TEST(CommandLineTest, BracketsIpv6OnlyBeforeThePort) {
  const CommandLine command = {"http://{host}:{port}/", "{host}", "{port}"};
  EXPECT_THAT(fill_placeholders(command, endpoint("[::1]:50000")),
              ElementsAre("http://[::1]:50000/", "::1", "50000"));
  EXPECT_THAT(fill_placeholders(command, endpoint("127.0.0.1:50000")),
              ElementsAre("http://127.0.0.1:50000/", "127.0.0.1", "50000"));
}

TEST(CommandLineTest, FindsPlaceholders) {
  const CommandLine command = {"client", "--port={port}"};
  EXPECT_TRUE(has_placeholder(command, Placeholder::kPort));
  EXPECT_FALSE(has_placeholder(command, Placeholder::kHost));
  EXPECT_FALSE(has_placeholder(CommandLine{}, Placeholder::kPort));
}

}  // namespace
}  // namespace selfconnect
