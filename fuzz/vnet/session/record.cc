// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/record.h"

#include <fmt/format.h>

#include <algorithm>

namespace selfconnect::vnet {

namespace {

constexpr std::size_t kMostShown = 16;

std::string what_passed(const AttemptRecord& attempt) {
  std::string text;
  if (!attempt.sent.empty()) text += fmt::format("it wrote {} bytes", attempt.sent.size());
  if (attempt.answered > 0)
    text += fmt::format("{}it was sent {}", text.empty() ? "" : ", ", attempt.answered);
  if (attempt.pulled) text += fmt::format("{}reset at last", text.empty() ? "" : ", ");
  return text.empty() ? text : fmt::format(" ({})", text);
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
  const bool several =
      std::ranges::any_of(attempts, [&](const AttemptRecord& one) { return one.to != attempts.front().to; });
  std::string text;
  for (std::size_t index = 0; index < attempts.size(); ++index) {
    const AttemptRecord& attempt = attempts[index];
    // The beginning and the end.
    if (attempts.size() > kMostShown && index == kMostShown / 2) {
      index = attempts.size() - kMostShown / 2;
      text += ", ...";
      continue;
    }
    text += fmt::format("{}{}{} {}{}", text.empty() ? "" : ", ",
                        several ? fmt::format("{} ", attempt.to.text()) : "", attempt.number,
                        print(event_met(record, attempt)), what_passed(attempt));
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
