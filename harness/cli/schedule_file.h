// A schedule from where the user keeps one.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "harness/schedule/schedule.h"
#include "harness/sys/error.h"

namespace selfconnect {

inline constexpr std::size_t kLargestScheduleFile = 1 << 22;  // bytes

// A file with a schedule's text; or a directory: a finding's (its file `schedule`), or one that `check --out` saved, whose
// run was under a schedule. The error names the file, and for what is no schedule the line and the column.
[[nodiscard]] Result<Schedule> load_schedule(const std::filesystem::path& path);

}  // namespace selfconnect
