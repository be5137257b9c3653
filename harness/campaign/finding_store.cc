// SPDX-License-Identifier: MIT
#include "harness/campaign/finding_store.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "harness/campaign/small_file.h"

namespace selfconnect {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kDone = "finding.json";
constexpr std::string_view kFound = "found";
constexpr std::string_view kOwner = "owner";
// Nothing but these is ever removed: the directory is the user's.
constexpr std::array<std::string_view, 6> kFiles = {kFound,        kOwner,       "schedule",
                                                    "report.json", "finding.md", kDone};
constexpr std::string_view kFresh = "finding.json.new";  // and the worker's number
constexpr std::size_t kLargest = 1 << 22;                // of a file that is read back

}  // namespace

Result<FindingStore> FindingStore::open(fs::path directory, std::size_t owner) {
  std::error_code ec;
  fs::create_directories(directory, ec);
  if (ec)
    return std::unexpected(errno_error(fmt::format("make directory {}", directory.string()), ec.value()));
  return FindingStore(std::move(directory), owner);
}

std::vector<std::string> FindingStore::names() const {
  std::vector<std::string> names;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(directory_, ec)) {
    if (entry.is_directory(ec)) names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::vector<std::string> FindingStore::unfinished() const {
  std::vector<std::string> unfinished = names();
  std::error_code ec;
  std::erase_if(unfinished, [&](const std::string& name) {
    return is_saved(name) || !fs::exists(directory_of(name) / kFound, ec);  // else it is the user's
  });
  return unfinished;
}

std::vector<std::string> FindingStore::take_unfinished(std::optional<std::size_t> owner) const {
  std::vector<std::string> schedules;
  for (const std::string& name : names()) {
    if (is_saved(name)) continue;
    if (owner && read_small_file(directory_of(name) / kOwner, kLargest) != std::to_string(*owner)) continue;
    if (auto text = read_small_file(directory_of(name) / kFound, kLargest))
      schedules.push_back(std::move(*text));
    abandon(name);
  }
  return schedules;
}

Result<FindingStore::Claim> FindingStore::claim(const std::string& name,
                                                std::string_view first_schedule) const {
  std::error_code ec;
  if (fs::exists(directory_of(name), ec)) return Claim::kKnown;
  if (names().size() >= kMostFindings) return Claim::kFull;
  if (mkdir(directory_of(name).c_str(), 0777) != 0) {
    if (errno == EEXIST) return Claim::kKnown;
    return std::unexpected(errno_error(fmt::format("mkdir({})", directory_of(name).string())));
  }
  auto written = write_small_file(directory_of(name) / kOwner, std::to_string(owner_));
  if (written) written = write_small_file(directory_of(name) / kFound, first_schedule);
  if (!written) {
    abandon(name);
    return std::unexpected(written.error());
  }
  return Claim::kMine;
}

Result<void> FindingStore::save(const SavedFinding& finding, std::string_view report) const {
  const fs::path directory = directory_of(finding.name);
  const std::array<std::pair<std::string_view, std::string>, 3> files = {
      {{"schedule", schedule_file(finding)},
       {"report.json", std::string(report)},
       {"finding.md", finding_page(finding)}}};
  for (const auto& [name, text] : files) {
    if (auto written = write_small_file(directory / name, text); !written) return written;
  }
  const fs::path done = directory / kDone;
  // Two workers may be at it.
  const fs::path fresh = directory / fmt::format("{}{}", kFresh, owner_);
  if (auto written = write_small_file(fresh, to_json(finding)); !written) return written;
  std::error_code ec;
  fs::rename(fresh, done, ec);
  if (ec) return std::unexpected(errno_error(fmt::format("rename({})", done.string()), ec.value()));
  fs::remove(directory / kOwner, ec);
  return {};
}

void FindingStore::abandon(const std::string& name) const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory_of(name), ignored)) {
    const std::string file = entry.path().filename();
    if (std::ranges::find(kFiles, file) != kFiles.end() || file.starts_with(kFresh))
      fs::remove(entry.path(), ignored);
  }
  fs::remove(directory_of(name), ignored);
}

bool FindingStore::is_saved(const std::string& name) const {
  std::error_code ec;
  return fs::exists(directory_of(name) / kDone, ec);
}

Result<SavedFinding> FindingStore::load(const std::string& name) const {
  const fs::path file = directory_of(name) / kDone;
  const auto text = read_small_file(file, kLargest);
  if (!text) return std::unexpected(text.error());
  auto finding = saved_finding_from_json(*text);
  if (!finding) return std::unexpected(finding.error().during(fmt::format("read {}", file.string())));
  return finding;
}

std::vector<SavedFinding> FindingStore::load_all() const {
  std::vector<SavedFinding> all;
  for (const std::string& name : names()) {
    if (auto finding = load(name)) all.push_back(std::move(*finding));
  }
  return all;
}

}  // namespace selfconnect
