// The rules of `check` (docs/rules.md), for a client in process: pure functions of what was seen. Time is virtual and nothing
// else runs, so what `check` has to estimate is exact here.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fuzz/vnet/session/record.h"

namespace selfconnect::vnet {

struct Finding {
  std::string_view rule;  // "hangs"
  std::string message;    // "the client ..."
};

// How the client behaves where nothing is wrong, or one thing: what its life under a schedule is held against.
class Controls {
 public:
  virtual ~Controls() = default;
  // `serve`, three times over.
  [[nodiscard]] virtual const std::vector<Record>& healthy() = 0;
  // `refuse*16 serve`.
  [[nodiscard]] virtual const Record& refused() = 0;
  // Whether it goes on after the event alone, before the quiet window, and does not wait for good. Not to be asked while a client
  // runs.
  [[nodiscard]] virtual bool goes_on_after(const Event& event) = 0;
};

inline constexpr std::uint32_t kRefusals = 16;  // of the control `refused`

// Of a client that was stopped: needs no single-event control. One that had waited for good before is judged by that alone, at its end:
// what it did when it was helped on cannot be replayed on the real kernel.
[[nodiscard]] std::optional<Finding> judge_stop(const Record& record, const FuzzTarget& target,
                                                Controls& controls);
// Of a client that has ended.
[[nodiscard]] std::optional<Finding> judge_end(const Record& record, const FuzzTarget& target,
                                               Controls& controls);

// The rules one by one. Nothing: clear, or not to be judged.
[[nodiscard]] std::optional<Finding> judge_hang(const Record& record, Controls& controls);   // stopped
[[nodiscard]] std::optional<Finding> judge_waits(const Record& record, Controls& controls);  // hangs, too
[[nodiscard]] std::optional<Finding> judge_quiet_hour(const Record& record, Controls& controls);  // stopped
[[nodiscard]] std::optional<Finding> judge_giving_up(const Record& record,
                                                     Controls& controls);  // never-recovers
[[nodiscard]] std::optional<Finding> judge_spin(const Record& record);     // stopped
[[nodiscard]] std::optional<Finding> judge_signal(const Record& record);   // stopped
[[nodiscard]] std::optional<Finding> judge_descriptors(const Record& record, const FuzzTarget& target);
[[nodiscard]] std::optional<Finding> judge_secrets(const Record& record,
                                                   const std::vector<std::string>& secrets);
[[nodiscard]] std::optional<Finding> judge_echo(const Record& record, Controls& controls);
[[nodiscard]] std::optional<Finding> judge_first_bytes(const Record& record,
                                                       Controls& controls);  // desynchronised
[[nodiscard]] std::optional<Finding> judge_self_talk(const Record& record);

}  // namespace selfconnect::vnet
