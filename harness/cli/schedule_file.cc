// SPDX-License-Identifier: MIT
#include "harness/cli/schedule_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/campaign/small_file.h"
#include "harness/trace/trace_json.h"

namespace selfconnect {

namespace fs = std::filesystem;

namespace {

Result<Schedule> load_text(const fs::path& file) {
  const auto text = read_small_file(file, kLargestScheduleFile);
  if (!text) return std::unexpected(text.error());
  auto schedule = parse_schedule(*text);
  if (!schedule)
    return std::unexpected(error(fmt::format("{}: {}", file.string(), schedule.error().message(*text))));
  return std::move(*schedule);
}

Result<Schedule> load_run(const fs::path& directory) {
  const auto run = load(directory);
  if (!run) return std::unexpected(run.error());
  const auto found = std::ranges::find(run->traces, Phase::kSchedule, &Trace::phase);
  if (found == run->traces.end())
    return std::unexpected(error(fmt::format("{}: this run was under no schedule", directory.string())));
  return found->schedule;
}

}  // namespace

Result<Schedule> load_schedule(const fs::path& path) {
  std::error_code ec;
  if (!fs::is_directory(path, ec)) return load_text(path);
  if (fs::exists(path / "schedule", ec)) return load_text(path / "schedule");
  if (fs::exists(path / "run.json", ec)) return load_run(path);
  return std::unexpected(error(fmt::format(
      "{}: neither a finding nor a saved run: it has no file 'schedule' or 'run.json'", path.string())));
}

}  // namespace selfconnect
