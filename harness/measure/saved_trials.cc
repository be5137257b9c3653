// SPDX-License-Identifier: MIT
#include "harness/measure/saved_trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

namespace selfconnect {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPrefix = "trial-";
constexpr std::string_view kPackets = "packets.pcap";

bool is_trial(const fs::path& directory) {
  const std::string name = directory.filename();
  if (!name.starts_with(kPrefix) || name.size() == kPrefix.size()) return false;
  const std::string number = name.substr(kPrefix.size());
  if (!std::ranges::all_of(number, [](unsigned char c) { return std::isdigit(c) != 0; })) return false;
  std::error_code ec;
  return std::ranges::all_of(fs::directory_iterator(directory, ec), [](const fs::directory_entry& entry) {
    return entry.path().filename() == kPackets;
  });
}

}  // namespace

fs::path trial_directory(const fs::path& out, std::uint64_t trial) {
  return out / fmt::format("{}{}", kPrefix, trial);
}

void forget_trials(const fs::path& out) {
  std::error_code ec;
  std::vector<fs::path> old;
  for (const fs::directory_entry& entry : fs::directory_iterator(out, ec)) {
    if (entry.is_directory(ec) && !entry.is_symlink(ec) && is_trial(entry.path()))
      old.push_back(entry.path());
  }
  for (const fs::path& directory : old) {
    fs::remove(directory / kPackets, ec);
    fs::remove(directory, ec);
  }
}

}  // namespace selfconnect
