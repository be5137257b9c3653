// The text form of a schedule, read: entries, their amounts and repeats, and what holds for all of them together.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "harness/schedule/schedule.h"
#include "harness/schedule/step_syntax.h"

namespace selfconnect {

namespace {

bool has_amount(EventKind kind) { return kind == EventKind::kGarbage || kind == EventKind::kTruncate; }

EventKind kind_at(std::size_t index) { return static_cast<EventKind>(index); }

std::string form_of(EventKind kind) {
  return fmt::format("{}{}", event_name(kind),
                     has_amount(kind) ? ":BYTES" : (kind == EventKind::kScript ? "[STEPS]" : ""));
}

// Levenshtein's distance, upper and lower case alike.
std::size_t distance(std::string_view one, std::string_view other) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < other.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(one[i]) == other[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({replaced, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

std::string expected_event(std::string_view word) {
  std::vector<std::string> forms;
  std::string nearest;
  std::size_t least = 3;  // further off is no slip of the finger
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    const std::string_view name = event_name(kind_at(i));
    forms.push_back(form_of(kind_at(i)));
    if (word.size() > name.size() + 2) continue;  // a word may be as long as a file
    const std::size_t off = distance(word, name);
    if (off < least && off < name.size() / 2 + 1) {
      least = off;
      nearest = fmt::format(", perhaps {}", form_of(kind_at(i)));
    }
  }
  return fmt::format("an event ({}){}", fmt::join(forms, ", "), nearest);
}

std::optional<EventKind> kind_of(std::string_view word) {
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    if (event_name(kind_at(i)) == word) return kind_at(i);
  }
  return std::nullopt;
}

std::expected<std::uint32_t, SyntaxError> take_bytes(Scanner& scanner, EventKind kind) {
  const std::uint32_t least = kind == EventKind::kGarbage ? 1 : 0;
  if (!scanner.take_if(':')) {
    return scanner.fail(fmt::format("`:BYTES` after {0}, such as {0}:16", event_name(kind)));
  }
  return scanner.take_number(least, kMostBytes,
                             fmt::format("{} to {} bytes after {}", least, kMostBytes, event_name(kind)));
}

std::expected<std::vector<Step>, SyntaxError> take_script(Scanner& scanner) {
  if (!scanner.take_if('[')) {
    return scanner.fail(R"(`[STEPS]` after script, such as script[read:1 say:"+OK\r\n" close])");
  }
  auto steps = take_steps(scanner, StepsEnd::kBracket);
  if (steps) scanner.take();
  return steps;
}

std::expected<Event, SyntaxError> take_event(Scanner& scanner) {
  const std::size_t begin = scanner.position();
  const std::string_view word = scanner.take_word();
  const auto kind = kind_of(word);
  if (!kind) return Scanner::fail_at(begin, expected_event(word));
  Event event{.kind = *kind, .amount = 0, .steps = {}};
  if (has_amount(*kind)) {
    const auto amount = take_bytes(scanner, *kind);
    if (!amount) return std::unexpected(amount.error());
    event.amount = *amount;
  } else if (*kind == EventKind::kScript) {
    auto steps = take_script(scanner);
    if (!steps) return std::unexpected(steps.error());
    event.steps = std::move(*steps);
  } else if (scanner.next_is(':') || scanner.next_is('[')) {
    return scanner.fail(fmt::format("white space or `*N` after {}, which takes no {}", word,
                                    scanner.next_is(':') ? "amount" : "steps"));
  }
  return event;
}

// An entry as it was written.
struct Written {
  Entry entry;
  bool repeated = false;  // there was a *N
  std::size_t position = 0;

  [[nodiscard]] bool is_quiet_window() const { return entry.event.kind == EventKind::kServe && !repeated; }
};

std::expected<Written, SyntaxError> take_entry(Scanner& scanner) {
  Written written{.entry = {}, .repeated = false, .position = scanner.position()};
  auto event = take_event(scanner);
  if (!event) return std::unexpected(event.error());
  written.entry.event = std::move(*event);
  written.repeated = scanner.take_if('*');
  if (written.repeated) {
    const auto count =
        scanner.take_number(1, kMostAttempts, fmt::format("a repeat of 1 to {} attempts", kMostAttempts));
    if (!count) return std::unexpected(count.error());
    written.entry.count = *count;
  }
  if (!scanner.at_gap()) {
    return scanner.fail(written.repeated ? "white space after the repeat"
                                         : "white space or `*N` after the event");
  }
  return written;
}

// What came before the last entry, in normal form.
class Collected {
 public:
  std::expected<void, SyntaxError> add(Written written) {
    attempts_ += written.entry.count;
    if (attempts_ > kMostAttempts) {
      return Scanner::fail_at(
          written.position, fmt::format("at most {} attempts in all before the quiet window", kMostAttempts));
    }
    auto& entries = schedule_.entries;
    if (!entries.empty() && entries.back().event == written.entry.event) {
      entries.back().count += written.entry.count;
      return {};
    }
    if (entries.empty())
      entries.reserve(8);  // most schedules are short, and under ASan each allocation is dear
    if (entries.size() == kMostEntries) {
      return Scanner::fail_at(written.position,
                              fmt::format("at most {} entries before the quiet window", kMostEntries));
    }
    entries.push_back(std::move(written.entry));
    return {};
  }

  [[nodiscard]] Schedule take() { return std::move(schedule_); }

 private:
  Schedule schedule_;
  std::uint64_t attempts_ = 0;
};

}  // namespace

std::expected<Schedule, SyntaxError> parse_schedule(std::string_view text) {
  Scanner scanner(text);
  Collected collected;
  std::optional<Written> last;
  for (scanner.skip_gap(); !scanner.at_end(); scanner.skip_gap()) {
    if (last) {
      if (auto added = collected.add(std::move(*last)); !added) return std::unexpected(added.error());
    }
    auto written = take_entry(scanner);
    if (!written) return std::unexpected(written.error());
    last = std::move(*written);
  }
  if (!last) return scanner.fail("a schedule, such as `refuse*3 self serve`");
  if (!last->is_quiet_window()) {
    return scanner.fail("`serve` as the last entry: the quiet window");
  }
  return collected.take();
}

std::expected<std::vector<Step>, SyntaxError> parse_steps(std::string_view text) {
  Scanner scanner(text);
  return take_steps(scanner, StepsEnd::kText);
}

}  // namespace selfconnect
