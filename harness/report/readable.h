// Bytes, times and long sentences made readable for a person. Pure; every reporter uses it.
// What a target printed or sent never reaches a terminal, a JSON file or an XML file but through one of the
// escaping functions here.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace selfconnect {

// Every byte as printable ASCII, and unambiguous: \n \r \t \\ \" and \xNN for the rest.
[[nodiscard]] std::string escape_bytes(std::string_view bytes);

// Text for a terminal, on one line. Printable UTF-8 stays; control characters (C0, DEL, C1), bytes that are
// not UTF-8, and the characters that reorder or hide text (bidirectional marks, zero width, line separators)
// become \n, \xNN or \u{NNNN}.
[[nodiscard]] std::string visible(std::string_view text);

// The same text as valid UTF-8: bytes that are not UTF-8 become \xNN, all else stays.
[[nodiscard]] std::string valid_utf8(std::string_view text);

// One word of a command line as bash reads it: bare, in '...', or, where it has something to escape, in
// $'...'.
[[nodiscard]] std::string shell_word(std::string_view word);
[[nodiscard]] std::string shell_words(const std::vector<std::string>& words);

// As hexdump -C prints it, 16 bytes a line:
//   "0000  2a 31 0d 0a 24 34 0d 0a  50 49 4e 47 0d 0a        |*1..$4..PING..|"
[[nodiscard]] std::vector<std::string> hex_dump(std::string_view bytes);
[[nodiscard]] std::string hex_text(std::string_view bytes);  // "2a310d0a"

// "0.41 ms", "3.2 s", "2 min 5 s": two or three figures, the unit that suits.
[[nodiscard]] std::string milliseconds_text(double ms);
[[nodiscard]] std::string duration_text(std::chrono::nanoseconds duration);
// "1 error", "2 errors"
[[nodiscard]] std::string quantity(std::uint64_t count, std::string_view noun);

// "28,232": for people only.
[[nodiscard]] std::string grouped(std::uint64_t number);

// Columns that a terminal needs for `text`: its code points.
[[nodiscard]] std::size_t columns(std::string_view text);
// `text` in lines of at most `width` columns, broken at spaces, inside a word only where it is longer than a
// line. A newline in it starts a new line. Never empty.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t width);
// The same behind `head` on the first line and as many spaces on the others; every line ends in a newline.
[[nodiscard]] std::string hanging(std::string_view head, std::string_view text, std::size_t width);

}  // namespace selfconnect
