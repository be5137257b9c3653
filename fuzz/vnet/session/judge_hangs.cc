// Rule hangs. After some events a client knows that it failed, or is alone: then it must go on. After others it may wait for ever,
// and rightly so; whether this one does is told by a control with that event alone.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>

#include "fuzz/vnet/session/judge.h"

namespace selfconnect::vnet {

namespace {

// After a plain refusal it tries again, or ends.
bool reacts_to_refusal(const Record& refused) { return refused.ended || refused.attempts.size() > 1; }

bool ends_when_served(const std::vector<Record>& healthy) {
  return !healthy.empty() && std::ranges::all_of(healthy, [](const Record& record) {
    return record.ended && !record.stop && record.waits.empty();
  });
}

// It has nothing to wait for on its last attempt, and another connection to a server: that may be all it wants.
bool has_another(const Record& record) {
  const AttemptRecord& last = record.attempts.back();
  return std::ranges::any_of(record.attempts, [&](const AttemptRecord& attempt) {
    return &attempt != &last && attempt.met == EventKind::kServe && attempt.held;
  });
}

std::string how_it_waits(const Record& record) {
  if (record.stop == Stop::kStandstill)
    return "waits without a time limit, and nothing can ever happen again";
  return fmt::format("has neither ended nor dialled again for {} virtual seconds",
                     std::chrono::duration_cast<std::chrono::seconds>(
                         record.ended_at - (record.attempts.empty() ? Time{} : record.attempts.back().at))
                         .count());
}

}  // namespace

std::optional<Finding> judge_hang(const Record& record, Controls& controls) {
  if (record.stop != Stop::kStandstill && record.stop != Stop::kPatience) return std::nullopt;
  const std::string how = how_it_waits(record);
  if (record.attempts.empty()) {
    if (!ends_when_served(controls.healthy())) return std::nullopt;
    return Finding{.rule = "hangs", .message = fmt::format("before its first attempt the client {}", how)};
  }
  const AttemptRecord& last = record.attempts.back();
  if (!reacts_to_refusal(controls.refused())) return std::nullopt;
  // An hour of quiet is never-recovers'.
  if (record.stop == Stop::kPatience && (last.quiet || last.number >= length(record.schedule)))
    return std::nullopt;
  if (last.met == EventKind::kServe) {
    if (!ends_when_served(controls.healthy())) return std::nullopt;
    const std::string what =
        last.answered > 0 ? fmt::format("was sent {} bytes", last.answered) : std::string("said nothing");
    return Finding{
        .rule = "hangs",
        .message = fmt::format("the client was served on {} and {}; now it {}; with the server there "
                               "from the start it ends",
                               attempt_text(record, record.attempts.size() - 1), what, how)};
  }
  if (!last.held && has_another(record)) return std::nullopt;
  return Finding{.rule = "hangs",
                 .message = fmt::format("after {} the client {}; after a plain refusal it goes on",
                                        attempt_text(record, record.attempts.size() - 1), how)};
}

std::optional<Finding> judge_waits(const Record& record, Controls& controls) {
  if (record.waits.empty()) return std::nullopt;
  const Wait& first = record.waits.front();
  const bool all_react = std::ranges::all_of(first.on, [&](std::size_t index) {
    const AttemptRecord& attempt = record.attempts[index];
    return attempt.met == EventKind::kServe ? ends_when_served(controls.healthy())
                                            : controls.goes_on_after(event_met(record, attempt));
  });
  if (!all_react || first.on.empty()) return std::nullopt;
  return Finding{
      .rule = "hangs",
      .message = fmt::format("after {} the client waits without a time limit, and nothing can ever "
                             "happen again; after that event alone it does not wait",
                             attempt_text(record, first.on.back()))};
}

}  // namespace selfconnect::vnet
