// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/record.h"

#include <fmt/format.h>

namespace selfconnect::vnet {

namespace {

constexpr std::size_t kMostShown = 32;

std::string what_passed(const AttemptRecord& attempt) {
  std::string text;
  if (!attempt.sent.empty()) text += fmt::format("it wrote {} bytes", attempt.sent.size());
  if (attempt.answered > 0)
    text += fmt::format("{}it was sent {}", text.empty() ? "" : ", ", attempt.answered);
  if (attempt.pulled) text += fmt::format("{}reset at last", text.empty() ? "" : ", ");
  return text.empty() ? text : fmt::format(" ({})", text);
}

// "garbage:3 (it was sent 3)", with the destination where there are several.
std::string what_came_of(const Record& record, const AttemptRecord& attempt) {
  const std::string to =
      attempt.to == record.attempts.front().to ? "" : fmt::format("to {}: ", attempt.to.text());
  return to + print(event_met(record, attempt)) + what_passed(attempt);
}

}  // namespace

const Event& event_met(const Record& record, const AttemptRecord& attempt) {
  static const Event refused{.kind = EventKind::kRefuse};
  const Event& planned = event_of(record.schedule, attempt.number);
  return planned.kind == attempt.met ? planned : refused;
}

std::string attempt_text(const Record& record, std::size_t index) {
  const AttemptRecord& attempt = record.attempts[index];
  return fmt::format("attempt {} ({})", attempt.number, print(event_met(record, attempt)));
}

std::string attempts_text(const Record& record) {
  const auto& attempts = record.attempts;
  std::string text;
  std::size_t shown = 0;
  for (std::size_t first = 0, next = 0; first < attempts.size(); first = next) {
    const std::string what = what_came_of(record, attempts[first]);
    for (next = first + 1; next < attempts.size() && what_came_of(record, attempts[next]) == what; ++next) {
    }
    if (++shown > kMostShown) return text + ", ...";
    const std::uint64_t from = attempts[first].number, to = attempts[next - 1].number;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                        from == to ? fmt::format("{}", from) : fmt::format("{}-{}", from, to), what);
  }
  return text.empty() ? "none" : text;
}

bool may_wait_after(EventKind kind) {
  switch (kind) {
    case EventKind::kServe:
    case EventKind::kSilent:
    case EventKind::kGarbage:
    case EventKind::kTruncate:
    case EventKind::kDrop:
    case EventKind::kScript:
      return true;
    default:
      return false;
  }
}

}  // namespace selfconnect::vnet
