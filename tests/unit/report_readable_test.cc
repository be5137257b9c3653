// SPDX-License-Identifier: MIT
#include "harness/report/readable.h"

#include <gmock/gmock.h>

#include <limits>

namespace selfconnect {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::ElementsAre;

TEST(EscapeBytesTest, LeavesPrintableAsciiOnly) {
  EXPECT_EQ(escape_bytes("PING\r\n\t"), R"(PING\r\n\t)");
  EXPECT_EQ(escape_bytes(std::string_view("\0\x1b[31m\x7f\x80\xff", 9)), R"(\x00\x1b[31m\x7f\x80\xff)");
  EXPECT_EQ(escape_bytes("\xc3\xa9"), R"(\xc3\xa9)");
}

TEST(EscapeBytesTest, TellsABackslashFromAnEscape) { EXPECT_EQ(escape_bytes("\\n\""), R"(\\n\")"); }

TEST(VisibleTest, KeepsPrintableUtf8) {
  EXPECT_EQ(visible("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9f \\"),
            "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9f \\");
}

TEST(VisibleTest, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(visible("a\x1b]0;title\x07\r\n"), R"(a\x1b]0;title\x07\r\n)");
  EXPECT_EQ(visible("\xc2\x9b"
                    "31m"),
            R"(\u{009b}31m)");  // CSI as one C1 character
  EXPECT_EQ(visible("\xe2\x80\xae"
                    "exe"),
            R"(\u{202e}exe)");                        // right-to-left override
  EXPECT_EQ(visible("\xe2\x80\x8b"), R"(\u{200b})");  // zero width space
}

TEST(VisibleTest, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(visible("\xff"), R"(\xff)");
  EXPECT_EQ(visible("\xe2\x82"), R"(\xe2\x82)");                  // cut short
  EXPECT_EQ(visible("\xc0\xaf"), R"(\xc0\xaf)");                  // overlong
  EXPECT_EQ(visible("\xe0\x80\xaf"), R"(\xe0\x80\xaf)");          // overlong
  EXPECT_EQ(visible("\xed\xa0\x80"), R"(\xed\xa0\x80)");          // surrogate
  EXPECT_EQ(visible("\xf4\x90\x80\x80"), R"(\xf4\x90\x80\x80)");  // past U+10FFFF
}

TEST(ValidUtf8Test, EscapesInvalidBytesOnly) {
  EXPECT_EQ(valid_utf8("a\x1b\n\xc3\xa9\xff"), "a\x1b\n\xc3\xa9\\xff");
}

TEST(ShellWordTest, QuotesWhatTheShellWouldRead) {
  EXPECT_EQ(shell_word("--port=50000"), "--port=50000");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b$c"), "'a b$c'");
  EXPECT_EQ(shell_word("{a,b}"), "'{a,b}'");
  EXPECT_EQ(shell_word("it's"), R"($'it\'s')");
  EXPECT_EQ(shell_word("a\x1b\n"), R"($'a\x1b\n')");
  EXPECT_EQ(shell_words({"printf", "%s", "x y"}), "printf %s 'x y'");
}

TEST(HexDumpTest, ShowsHexAndTextSideBySide) {
  EXPECT_THAT(hex_dump("*1\r\n$4\r\nPING\r\nab\xff"),
              ElementsAre("0000  2a 31 0d 0a 24 34 0d 0a  50 49 4e 47 0d 0a 61 62  |*1..$4..PING..ab|",
                          "0010  ff                                                |.|"));
  EXPECT_THAT(hex_dump(""), ElementsAre());
  EXPECT_EQ(hex_text("\x01\xab"), "01ab");
}

TEST(DurationTextTest, PicksTheUnit) {
  EXPECT_EQ(duration_text(nanoseconds(0)), "0 ms");
  EXPECT_EQ(duration_text(nanoseconds(850)), "850 ns");
  EXPECT_EQ(duration_text(nanoseconds(410'000)), "0.41 ms");
  EXPECT_EQ(duration_text(nanoseconds(994'900)), "0.99 ms");
  EXPECT_EQ(duration_text(nanoseconds(999'999)), "1.0 ms");
  EXPECT_EQ(duration_text(nanoseconds(9'960'000)), "10 ms");
  EXPECT_EQ(duration_text(milliseconds(999)), "999 ms");
  EXPECT_EQ(duration_text(milliseconds(3200)), "3.2 s");
  EXPECT_EQ(duration_text(seconds(61)), "61 s");
  EXPECT_EQ(duration_text(seconds(125)), "2 min 5 s");
  EXPECT_EQ(duration_text(milliseconds(-3200)), "-3.2 s");
  EXPECT_EQ(milliseconds_text(std::numeric_limits<double>::quiet_NaN()), "unknown");
}

TEST(QuantityTest, TellsOneFromMany) {
  EXPECT_EQ(quantity(0, "error"), "0 errors");
  EXPECT_EQ(quantity(1, "error"), "1 error");
  EXPECT_EQ(quantity(2, "error"), "2 errors");
}

TEST(WrapTest, BreaksAtSpaces) {
  EXPECT_THAT(wrap("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(wrap("one two three", 8), ElementsAre("one two", "three"));
  EXPECT_THAT(wrap("one two", 7), ElementsAre("one two"));
  EXPECT_THAT(wrap("", 7), ElementsAre(""));
  EXPECT_THAT(wrap("one\n\ntwo", 7), ElementsAre("one", "", "two"));
}

TEST(WrapTest, BreaksAWordLongerThanALineBetweenCharacters) {
  EXPECT_THAT(wrap("abcdefgh", 3), ElementsAre("abc", "def", "gh"));
  EXPECT_THAT(wrap("\xc3\xa9\xc3\xa9\xc3\xa9", 2), ElementsAre("\xc3\xa9\xc3\xa9", "\xc3\xa9"));
}

TEST(WrapTest, HangsLinesUnderTheFirst) {
  EXPECT_EQ(hanging("key  ", "one two three", 12), "key  one two\n     three\n");
  EXPECT_EQ(hanging("a long head  ", "ab", 4), "a long head  a\n             b\n");
}

}  // namespace
}  // namespace selfconnect
