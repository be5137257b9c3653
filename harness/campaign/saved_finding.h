// A finding of a campaign as it is kept: what was found, under which schedule, and how surely. A value, its JSON, and the
// page that a person reads.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/judge/finding.h"
#include "harness/sys/error.h"

namespace selfconnect {

struct SavedFinding {
  std::string name;  // of its directory
  std::string key;   // FindingKey::text
  std::string rule;
  Level level = Level::kWarning;
  std::string message;
  std::string schedule;        // the shortest that shows it, as text
  std::string first_schedule;  // the one that showed it first
  std::uint64_t seed = 0;      // of the campaign
  std::uint32_t shown = 0;     // of `confirmations` whole runs
  std::uint32_t confirmations = 0;
  std::uint32_t shrink_runs = 0;
  bool minimal = false;  // nothing can be left out of the schedule; else the shrinking was cut short
  std::string replay;    // the command that shows it again

  // It was seen once, and in no run that tried to confirm it.
  [[nodiscard]] bool flaky() const { return shown == 0; }
  bool operator==(const SavedFinding&) const = default;
};

[[nodiscard]] std::string to_json(const SavedFinding& finding);
[[nodiscard]] Result<SavedFinding> saved_finding_from_json(std::string_view text);

// finding.md: what happened, under which schedule, and how to see it again.
[[nodiscard]] std::string finding_page(const SavedFinding& finding);

// The file `schedule`: a comment that says what it shows, and the schedule.
[[nodiscard]] std::string schedule_file(const SavedFinding& finding);

}  // namespace selfconnect
