// SPDX-License-Identifier: MIT
#include "harness/report/schedule_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "harness/report/readable.h"

namespace selfconnect {

namespace {

constexpr std::size_t kEventColumns = 36;  // a script may be long; the JSON report has it whole
constexpr std::size_t kMovesShown = 6;
constexpr std::size_t kRowsBefore = 9, kRowsAfter = 3;  // of the attempt that a finding is about
constexpr std::size_t kInOneLine = 8;

// Attempts in a row that went alike.
struct Row {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::string event;
  std::string seen;  // by the far end, or why it met something else
  bool marked = false;

  [[nodiscard]] std::string numbers() const {
    return first == last ? std::to_string(first) : fmt::format("{}-{}", first, last);
  }
};

std::string move_text(const PeerMove& move) {
  switch (move.what) {
    case PeerMove::What::kReceived:
      return quantity(move.bytes, "byte") + " received";
    case PeerMove::What::kSent:
      return quantity(move.bytes, "byte") + " sent";
    case PeerMove::What::kFinReceived:
      return "FIN received";
    case PeerMove::What::kFinSent:
      return "FIN sent";
    case PeerMove::What::kResetReceived:
      return "RST received";
    case PeerMove::What::kResetSent:
      return "RST sent";
  }
  return "";
}

std::string seen_text(const ScheduledAttempt& attempt) {
  if (!attempt.instead.empty()) return "refused instead: " + visible(attempt.instead);
  if (!attempt.peer) return "";
  std::vector<std::string> moves;
  for (const PeerMove& move : attempt.peer->moves) {
    if (moves.size() == kMovesShown) {
      moves.emplace_back("...");
      break;
    }
    moves.push_back(move_text(move));
  }
  return moves.empty() ? "nothing came" : fmt::format("{}", fmt::join(moves, ", "));
}

std::string shortened_event(const Event& event) {
  std::string text = print(event);
  if (text.size() <= kEventColumns) return text;
  text.resize(kEventColumns - 3);
  return text + "...";
}

std::vector<Row> rows_of(const Trace& trace, const Endpoint& destination,
                         std::optional<std::int64_t> marked) {
  std::vector<Row> rows;
  for (const ScheduledAttempt& attempt : trace.scheduled) {
    if (attempt.destination != destination) continue;
    Row row{.first = attempt.number,
            .last = attempt.number,
            .event = shortened_event(attempt.event),
            .seen = seen_text(attempt),
            .marked = marked && std::cmp_equal(*marked, attempt.number)};
    const bool alike = !rows.empty() && !row.marked && !rows.back().marked &&
                       rows.back().last + 1 == row.first && rows.back().event == row.event &&
                       rows.back().seen == row.seen;
    if (alike) {
      rows.back().last = row.last;
    } else {
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::vector<Endpoint> destinations_of(const Trace& trace) {
  std::vector<Endpoint> destinations;
  for (const ScheduledAttempt& attempt : trace.scheduled) {
    if (std::ranges::find(destinations, attempt.destination) == destinations.end()) {
      destinations.push_back(attempt.destination);
    }
  }
  return destinations;
}

// "1-3 refuse, 4 self, 5 serve (14 bytes received, 7 bytes sent)"
std::string in_one_line(const std::vector<Row>& rows) {
  std::vector<std::string> parts;
  for (const Row& row : rows) {
    if (parts.size() == kInOneLine) {
      parts.push_back(fmt::format("... up to {}", rows.back().numbers()));
      break;
    }
    const std::string seen = row.seen.empty() ? "" : fmt::format(" ({})", row.seen);
    parts.push_back(fmt::format("{} {}{}", row.numbers(), row.event, seen));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

const Trace* schedule_trace(const Run& run) {
  const auto trace = std::ranges::find(run.traces, Phase::kSchedule, &Trace::phase);
  return trace == run.traces.end() ? nullptr : &*trace;
}

std::optional<std::int64_t> attempt_of(const Finding& finding) {
  const auto entry = std::ranges::find(finding.evidence, "attempt", &Evidence::value_type::first);
  if (entry == finding.evidence.end()) return std::nullopt;
  const auto* number = std::get_if<std::int64_t>(&entry->second);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

std::string table(const std::vector<Row>& rows, const ConsoleStyle& style) {
  const auto marked = static_cast<std::size_t>(std::ranges::find(rows, true, &Row::marked) - rows.begin());
  const std::size_t about = marked == rows.size() ? 0 : marked;
  const std::size_t from = about > kRowsBefore ? about - kRowsBefore : 0;
  const std::size_t to = std::min(rows.size(), about + kRowsAfter + 1 + (kRowsBefore - (about - from)));
  std::size_t numbers = std::string_view("attempt").size();
  std::size_t events = std::string_view("event").size();
  for (std::size_t i = from; i < to; ++i) {
    numbers = std::max(numbers, rows[i].numbers().size());
    events = std::max(events, rows[i].event.size());
  }
  std::string text =
      inked(style, Ink::kFaint,
            fmt::format("    {:<{}}  {:<{}}  the far end", "attempt", numbers, "event", events)) +
      "\n";
  if (from > 0) text += fmt::format("    {:<{}}  ...\n", fmt::format("1-{}", rows[from].first - 1), numbers);
  for (std::size_t i = from; i < to; ++i) {
    const Row& row = rows[i];
    const std::string head = fmt::format("{}{:<{}}  {:<{}}  ", row.marked ? "  > " : "    ", row.numbers(),
                                         numbers, row.event, events);
    text += hanging(head, row.seen.empty() ? "-" : row.seen, style.width);
  }
  if (to < rows.size())
    text += fmt::format("    {:<{}}  ...\n", fmt::format("to {}", rows.back().last), numbers);
  return text;
}

}  // namespace

std::optional<std::string> schedule_of(const Run& run) {
  const Trace* trace = schedule_trace(run);
  return trace == nullptr ? std::nullopt : std::optional(print(trace->schedule));
}

std::string schedule_lines(const Run& run, const ConsoleStyle& style) {
  std::string text;
  for (const Trace& trace : run.traces) {
    if (trace.phase != Phase::kSchedule && trace.phase != Phase::kSingleEvent) continue;
    text += hanging(fmt::format("  {:<12}  ", phase_name(trace.phase)), print(trace.schedule), style.width);
    if (trace.phase == Phase::kSingleEvent) continue;
    const auto destinations = destinations_of(trace);
    for (const Endpoint& destination : destinations) {
      const std::string to = destinations.size() > 1 ? fmt::format("to {}: ", destination.text()) : "";
      text += hanging(fmt::format("  {:<12}  ", "attempts"),
                      to + in_one_line(rows_of(trace, destination, std::nullopt)), style.width);
    }
  }
  return text;
}

std::string events_text(const Run& run, const Finding& finding, const ConsoleStyle& style) {
  const Trace* trace = schedule_trace(run);
  if (trace == nullptr || finding.phase != Phase::kSchedule || !finding.destination) return "";
  const auto rows = rows_of(*trace, *finding.destination, attempt_of(finding));
  return rows.empty() ? "" : table(rows, style);
}

}  // namespace selfconnect
