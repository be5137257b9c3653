// The text form of schedules: what is read, and what is said of each kind of mistake.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "harness/schedule/schedule.h"

namespace selfconnect {
namespace {

constexpr const char* kEvents =
    "an event (refuse, self, serve, close, reset, silent, garbage:BYTES, drop, exhausted, half-close, "
    "truncate:BYTES, script[STEPS])";
constexpr const char* kSteps = R"(a step (read:BYTES, say:"TEXT", close, reset, half-close))";

std::string message_of(std::string_view text) {
  const auto schedule = parse_schedule(text);
  return schedule ? "parsed: " + print(*schedule) : schedule.error().message(text);
}

std::string steps_message_of(std::string_view text) {
  const auto steps = parse_steps(text);
  return steps ? fmt::format("parsed {} steps", steps->size()) : steps.error().message(text);
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

Entry entry(EventKind kind, std::uint32_t count = 1, std::uint32_t amount = 0) {
  return {.event = {.kind = kind, .amount = amount, .steps = {}}, .count = count};
}

TEST(ScheduleSyntaxTest, ReadsEveryEvent) {
  const auto schedule = parse_schedule(
      "refuse self serve close reset silent garbage:1 drop exhausted half-close truncate:0 script[close] "
      "serve");
  ASSERT_TRUE(schedule);
  std::vector<EventKind> kinds;
  for (const Entry& each : schedule->entries) kinds.push_back(each.event.kind);
  EXPECT_THAT(kinds, ::testing::ElementsAre(EventKind::kRefuse, EventKind::kSelf, EventKind::kServe,
                                            EventKind::kClose, EventKind::kReset, EventKind::kSilent,
                                            EventKind::kGarbage, EventKind::kDrop, EventKind::kExhausted,
                                            EventKind::kHalfClose, EventKind::kTruncate, EventKind::kScript));
}

TEST(ScheduleSyntaxTest, ReadsAmountsAndRepeats) {
  const auto schedule = parse_schedule("refuse*3 garbage:1048576*2 truncate:0 serve");
  ASSERT_TRUE(schedule);
  EXPECT_THAT(schedule->entries,
              ::testing::ElementsAre(entry(EventKind::kRefuse, 3), entry(EventKind::kGarbage, 2, 1048576),
                                     entry(EventKind::kTruncate, 1, 0)));
}

TEST(ScheduleSyntaxTest, ReadsStepsAndEscapes) {
  const auto steps = parse_steps(R"(read:5 say:"\n\r\t\"\\\x00\xfF]#" half-close say:" " close)");
  ASSERT_TRUE(steps);
  using enum Step::What;
  EXPECT_THAT(*steps,
              ::testing::ElementsAre(Step{.what = kRead, .amount = 5, .bytes = {}},
                                     Step{.what = kSay, .amount = 0, .bytes = {"\n\r\t\"\\\0\xff]#", 9}},
                                     Step{.what = kHalfClose, .amount = 0, .bytes = {}},
                                     Step{.what = kSay, .amount = 0, .bytes = " "},
                                     Step{.what = kClose, .amount = 0, .bytes = {}}));
}

TEST(ScheduleSyntaxTest, ReadsTheSameStepsInBrackets) {
  const auto schedule = parse_schedule("script[ read:5 say:\"x\" reset ]*2 serve");
  ASSERT_TRUE(schedule);
  ASSERT_EQ(schedule->entries.size(), 1U);
  EXPECT_EQ(schedule->entries[0].count, 2U);
  EXPECT_EQ(schedule->entries[0].event.steps, parse_steps("read:5 say:\"x\" reset"));
}

TEST(ScheduleSyntaxTest, TakesBytesInQuotesAsTheyAre) {
  const auto steps = parse_steps("say:\"gr\xc3\xbc\xc3\x9f\x01\"");
  ASSERT_TRUE(steps);
  EXPECT_EQ(steps->at(0).bytes, "gr\xc3\xbc\xc3\x9f\x01");
}

TEST(ScheduleSyntaxTest, TakesAnyWhiteSpaceAndComments) {
  EXPECT_EQ(message_of("# found on redis-cli\n refuse*3\t# three times\r\nself#and then\n\v\fserve # quiet"),
            "parsed: refuse*3 self serve");
  EXPECT_EQ(message_of("script[read:1 # one\n close] serve\n"), "parsed: script[read:1 close] serve");
}

TEST(ScheduleSyntaxTest, HasOneValueForEquivalentTexts) {
  EXPECT_EQ(message_of("refuse refuse*2 self serve"), "parsed: refuse*3 self serve");
  EXPECT_EQ(message_of("garbage:1 garbage:2 garbage:002 serve"), "parsed: garbage:1 garbage:2*2 serve");
}

TEST(ScheduleSyntaxTest, TakesTheLastServeOnlyAsTheQuietWindow) {
  EXPECT_EQ(length(parse_schedule("serve").value()), 0U);
  EXPECT_EQ(length(parse_schedule("serve serve").value()), 1U);
  EXPECT_EQ(length(parse_schedule("serve*3 serve serve").value()), 4U);
}

TEST(ScheduleSyntaxTest, TakesAsMuchAsTheLimitsSay) {
  EXPECT_EQ(message_of("refuse*99999 refuse serve"), "parsed: refuse*100000 serve");
  const auto entries = parse_schedule(repeated("refuse self ", kMostEntries / 2) + "serve");
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->entries.size(), kMostEntries);
  EXPECT_EQ(steps_message_of(repeated("read:1 ", kMostSteps)), "parsed 64 steps");
  EXPECT_EQ(steps_message_of("say:\"" + std::string(kMostBytes, 'x') + "\""), "parsed 1 steps");
}

TEST(ScheduleSyntaxTest, PrintsBytesSoThatTheyCanBeRead) {
  const auto schedule = parse_schedule("script[say:\"\xff\x7f\n\r\t\\\\\\\" ~\"] serve");
  EXPECT_FALSE(schedule);  // a line break in quotes
  EXPECT_EQ(message_of("script[say:\"\xff\x7f\\n\r\t\\\\\\\" ~\"] serve"),
            R"(parsed: script[say:"\xff\x7f\n\r\t\\\" ~"] serve)");
}

TEST(ScheduleSyntaxTest, SaysWhatIsWrongWithAnEvent) {
  EXPECT_EQ(message_of(""), "at 1: expected a schedule, such as `refuse*3 self serve`, found the end");
  EXPECT_EQ(message_of("  "), "at 3: expected a schedule, such as `refuse*3 self serve`, found the end");
  EXPECT_EQ(message_of("# nothing"),
            "at 10: expected a schedule, such as `refuse*3 self serve`, found the end");
  EXPECT_EQ(message_of("refuse bogus serve"), fmt::format("at 8: expected {}, found 'bogus'", kEvents));
  EXPECT_EQ(message_of("refuse Refsue serve"),
            fmt::format("at 8: expected {}, perhaps refuse, found 'Refsue'", kEvents));
  EXPECT_EQ(message_of("sele serve"),  // nearer to self than to serve
            fmt::format("at 1: expected {}, perhaps self, found 'sele'", kEvents));
  EXPECT_EQ(message_of("halfclose serve"),
            fmt::format("at 1: expected {}, perhaps half-close, found 'halfclose'", kEvents));
  EXPECT_EQ(message_of("garbag:5 serve"),
            fmt::format("at 1: expected {}, perhaps garbage:BYTES, found 'garbag:5'", kEvents));
  EXPECT_EQ(message_of("*3 serve"), fmt::format("at 1: expected {}, found '*3'", kEvents));
  EXPECT_EQ(message_of("refuse * 3 serve"), fmt::format("at 8: expected {}, found '*'", kEvents));
  EXPECT_EQ(message_of("x" + std::string(1000, 'y')),
            fmt::format("at 1: expected {}, found 'xyyyyyyyyyyyyyyyyyyyyyyy'...", kEvents));
  EXPECT_EQ(message_of(std::string("a\0\xff", 3)),
            fmt::format("at 1: expected {}, found 'a\\x00\\xff'", kEvents));
}

TEST(ScheduleSyntaxTest, SaysWhatIsWrongWithRepeats) {
  EXPECT_EQ(message_of("refuse*0 serve"), "at 8: expected a repeat of 1 to 100000 attempts, found '0'");
  EXPECT_EQ(message_of("refuse*1000000000 serve"),
            "at 8: expected a repeat of 1 to 100000 attempts, found '1000000000'");
  EXPECT_EQ(message_of("refuse*99999999999999999999 serve"),
            "at 8: expected a repeat of 1 to 100000 attempts, found '99999999999999999999'");
  EXPECT_EQ(message_of("refuse*-1 serve"), "at 8: expected a repeat of 1 to 100000 attempts, found '-1'");
  EXPECT_EQ(message_of("refuse* serve"), "at 8: expected a repeat of 1 to 100000 attempts, found ' '");
  EXPECT_EQ(message_of("refuse*3x serve"), "at 8: expected a repeat of 1 to 100000 attempts, found '3x'");
  EXPECT_EQ(message_of("refuse*3*2 serve"), "at 9: expected white space after the repeat, found '*2'");
  EXPECT_EQ(message_of("refuse*60000 self*40000 close serve"),
            "at 25: expected at most 100000 attempts in all before the quiet window, found 'close'");
  EXPECT_EQ(message_of(repeated("refuse self ", kMostEntries / 2) + "close serve"),
            "at 24577: expected at most 4096 entries before the quiet window, found 'close'");
}

TEST(ScheduleSyntaxTest, SaysWhatIsWrongWithAmounts) {
  EXPECT_EQ(message_of("garbage serve"),
            "at 8: expected `:BYTES` after garbage, such as garbage:16, found ' '");
  EXPECT_EQ(message_of("truncate*2 serve"),
            "at 9: expected `:BYTES` after truncate, such as truncate:16, found '*2'");
  EXPECT_EQ(message_of("garbage:0 serve"), "at 9: expected 1 to 1048576 bytes after garbage, found '0'");
  EXPECT_EQ(message_of("garbage: serve"), "at 9: expected 1 to 1048576 bytes after garbage, found ' '");
  EXPECT_EQ(message_of("garbage:1k serve"), "at 9: expected 1 to 1048576 bytes after garbage, found '1k'");
  EXPECT_EQ(message_of("truncate:1048577 serve"),
            "at 10: expected 0 to 1048576 bytes after truncate, found '1048577'");
  EXPECT_EQ(message_of("refuse:5 serve"),
            "at 7: expected white space or `*N` after refuse, which takes no amount, found ':5'");
  EXPECT_EQ(message_of("self[close] serve"),
            "at 5: expected white space or `*N` after self, which takes no steps, found '[close]'");
  EXPECT_EQ(message_of("garbage:5:6 serve"),
            "at 10: expected white space or `*N` after the event, found ':6'");
  EXPECT_EQ(message_of("self\"x\" serve"),
            "at 5: expected white space or `*N` after the event, found '\"x\"'");
}

TEST(ScheduleSyntaxTest, SaysWhatIsWrongWithTheEnd) {
  EXPECT_EQ(message_of("refuse self"),
            "at 12: expected `serve` as the last entry: the quiet window, found the end");
  EXPECT_EQ(message_of("refuse serve*3"),
            "at 15: expected `serve` as the last entry: the quiet window, found the end");
  EXPECT_EQ(message_of("serve*1"),
            "at 8: expected `serve` as the last entry: the quiet window, found the end");
  EXPECT_EQ(message_of("self\n"),
            "at 6: expected `serve` as the last entry: the quiet window, found the end");
  EXPECT_EQ(message_of("# two lines\nself # no end\n"),
            "at line 3, column 1: expected `serve` as the last entry: the quiet window, found the end");
  EXPECT_EQ(message_of("garbage:\nserve"),
            "at line 1, column 9: expected 1 to 1048576 bytes after garbage, found the end of the line");
  EXPECT_EQ(message_of("refuse\r\n  bogus\r\nserve"),
            fmt::format("at line 2, column 3: expected {}, found 'bogus'", kEvents));
}

TEST(ScheduleSyntaxTest, SaysWhatIsWrongWithScripts) {
  EXPECT_EQ(message_of("script serve"),
            R"(at 7: expected `[STEPS]` after script, such as script[read:1 say:"+OK\r\n" close], )"
            "found ' '");
  EXPECT_EQ(message_of("script[] serve"), fmt::format("at 8: expected {}, found ']'", kSteps));
  EXPECT_EQ(message_of("self script[read:5"), "at 12: expected steps that end with `]`, found '[read:5'");
  EXPECT_EQ(message_of("script[read:5 serve"),
            fmt::format("at 15: expected {} or the closing `]`, found 'serve'", kSteps));
  EXPECT_EQ(message_of("script[close]serve"),
            "at 14: expected white space or `*N` after the event, found 'serve'");
  EXPECT_EQ(message_of("script[say:\"x\"close] serve"),
            "at 15: expected white space or `]` after a step, found 'close]'");
  EXPECT_EQ(message_of("script[close read:1] serve"),
            "at 14: expected no step after close, which is the last, found 'read:1]'");
}

TEST(ScheduleSyntaxTest, SaysWhatIsWrongWithSteps) {
  EXPECT_EQ(steps_message_of(""), fmt::format("at 1: expected {}, found the end", kSteps));
  EXPECT_EQ(steps_message_of("close]"), "at 6: expected white space after a step, found ']'");
  EXPECT_EQ(steps_message_of("] close"), fmt::format("at 1: expected {}, found ']'", kSteps));
  EXPECT_EQ(steps_message_of("reset half-close"),
            "at 7: expected no step after reset, which is the last, found 'half-close'");
  EXPECT_EQ(steps_message_of("read"), "at 5: expected `:BYTES` after read, such as read:5, found the end");
  EXPECT_EQ(steps_message_of("read:0"), "at 6: expected 1 to 1048576 bytes to read, found '0'");
  EXPECT_EQ(steps_message_of("read:1048577"), "at 6: expected 1 to 1048576 bytes to read, found '1048577'");
  EXPECT_EQ(steps_message_of("say"),
            R"(at 4: expected `:"TEXT"` after say, such as say:"+OK\r\n", found the end)");
  EXPECT_EQ(steps_message_of("say:OK"), R"(at 5: expected a text in quotes, such as "+OK\r\n", found 'OK')");
  EXPECT_EQ(steps_message_of("say:\"\""), "at 5: expected a text of at least one byte, found '\"\"'");
  EXPECT_EQ(steps_message_of("say:\"abc"),
            "at 5: expected a text that ends with a quote on the same line, found '\"abc'");
  EXPECT_EQ(steps_message_of("say:\"abc\\"), R"(at 9: expected one of \n, \r, \t, \", \\, \xHH, found '\')");
  EXPECT_EQ(steps_message_of(R"(say:"a\q b")"),
            R"(at 7: expected one of \n, \r, \t, \", \\, \xHH, found '\q')");
  EXPECT_EQ(steps_message_of(R"(say:"\x4")"),
            R"(at 6: expected one of \n, \r, \t, \", \\, \xHH, found '\x4"')");
  EXPECT_EQ(steps_message_of(R"(say:"\x)"), R"(at 6: expected one of \n, \r, \t, \", \\, \xHH, found '\x')");
  EXPECT_EQ(steps_message_of("close:1"), "at 6: expected white space after a step, found ':1'");
  EXPECT_EQ(steps_message_of(repeated("read:1 ", kMostSteps) + "close"),
            "at 449: expected at most 64 steps, found 'close'");
  EXPECT_EQ(steps_message_of("say:\"" + std::string(kMostBytes, 'x') + "\" say:\"y\""),
            "at 1048584: expected at most 1048576 bytes said in all, found 'say:\"y\"'");
}

TEST(ScheduleSyntaxTest, SaysTheBreakOfALineInQuotes) {
  EXPECT_EQ(steps_message_of("close\nsay:\"a\nb\""),
            "at line 2, column 1: expected no step after close, which is the last, found 'say:\"a'");
  EXPECT_EQ(steps_message_of("read:1\nsay:\"a\nb\""),
            "at line 2, column 5: expected a text that ends with a quote on the same line, found '\"a'");
}

}  // namespace
}  // namespace selfconnect
