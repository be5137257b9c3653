// What a worker tells its campaign: one line each, over a pipe.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace selfconnect {

inline constexpr std::string_view kUnder = ", under: ";

struct WorkerMessage {
  enum class What {
    kReady,    // the controls are played
    kFinding,  // saved, by this worker: the name
    kSeen,     // met again, and saved before: the name
    kUnsettled,  // seen, but not confirmed, for the end came before, or the target was contained each time: the name
    kUnsaved,    // a finding that could not be written: the name, a space, why
    kContained,  // a target was ended that took too much: of what, kUnder, the schedule
    kUnjudged,   // a run said nothing of the target: why
    kNote,       // for the user
    kSkip,       // this machine cannot do it: why. The worker ends
    kError,      // the harness failed: why. The worker ends
  };
  What what = What::kNote;
  std::string text;

  bool operator==(const WorkerMessage&) const = default;
};

// One line with its newline; at most PIPE_BUF bytes of it, so that it is written whole (pipe(7)).
[[nodiscard]] std::string to_line(const WorkerMessage& message);
[[nodiscard]] std::optional<WorkerMessage> message_from_line(std::string_view line);  // without the newline

}  // namespace selfconnect
