// A schedule: what happens to attempt 1, 2, 3 ... of a client, at each of its destinations. A value, and its one text form:
//
//   refuse*3 self garbage:16 script[read:5 say:"-ERR\r\n" close] serve
//
// Entries are separated by white space; *N repeats one; # begins a comment, to the end of the line. The last one is
// `serve`, without a repeat: it goes on for ever, and is the quiet window in which the client has to recover. See
// docs/schedules.md.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "harness/schedule/event.h"

namespace selfconnect {

struct Entry {
  Event event;
  std::uint32_t count = 1;  // from 1

  bool operator==(const Entry&) const = default;
};

// Attempts before the quiet window, of a schedule in normal form: no two neighbours with equal events.
struct Schedule {
  std::vector<Entry> entries;  // without the final `serve`

  bool operator==(const Schedule&) const = default;
};

inline constexpr std::uint64_t kMostAttempts = 100'000;  // before the quiet window
inline constexpr std::size_t kMostEntries = 4'096;

// Attempts before the quiet window.
[[nodiscard]] std::uint64_t length(const Schedule& schedule);

// What happens to `attempt`, from 1; kServe from length() + 1 on.
[[nodiscard]] const Event& event_of(const Schedule& schedule, std::uint64_t attempt);

// Joins neighbours with equal events.
[[nodiscard]] Schedule normal_form(Schedule schedule);

// Where the text stopped being a schedule.
struct SyntaxError {
  std::size_t position = 0;  // bytes from its beginning
  std::string expected;      // "an event (refuse, self, ...)"

  // "at 8: expected an event ..., found 'bogus'", positions counted from 1; "at line 2, column 5: ..." in a text of several
  // lines. One printable line.
  [[nodiscard]] std::string message(std::string_view text) const;
};

[[nodiscard]] std::expected<Schedule, SyntaxError> parse_schedule(std::string_view text);

// The steps of a peer, without brackets: `read:5 say:"+OK\r\n" close`.
[[nodiscard]] std::expected<std::vector<Step>, SyntaxError> parse_steps(std::string_view text);

// parse_schedule(print(s)) == s for every schedule in normal form and within the limits. Bytes outside printable ASCII, the quote
// and the backslash are written as \n, \r, \t, \", \\ or \xHH.
[[nodiscard]] std::string print(const Event& event);
[[nodiscard]] std::string print(const Schedule& schedule);

}  // namespace selfconnect
