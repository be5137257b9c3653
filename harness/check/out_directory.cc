// SPDX-License-Identifier: MIT
#include "harness/check/out_directory.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <fstream>

namespace selfconnect {

namespace {

bool is_phase(const std::string& name) {
  return name.size() > 3 && std::isdigit(static_cast<unsigned char>(name[0])) != 0 &&
         std::isdigit(static_cast<unsigned char>(name[1])) != 0 && name[2] == '-' &&
         phase_from_name(name.substr(3)).has_value();
}

bool is_trial(const std::string& name) {
  constexpr std::string_view kPrefix = "trial-";
  return name.starts_with(kPrefix) && name.size() > kPrefix.size() &&
         std::ranges::all_of(name.substr(kPrefix.size()),
                             [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

const SavedKind kSavedRun{.file = "run.json", .is_part = is_phase};
const SavedKind kSavedMeasurement{.file = "measurement.json", .is_part = is_trial};

Result<void> prepare_out(const std::filesystem::path& directory, const SavedKind& kind) {
  std::error_code ec;
  std::filesystem::create_directories(directory, ec);
  if (ec)
    return std::unexpected(
        errno_error(fmt::format("make --out directory {}", directory.string()), ec.value()));
  if (access(directory.c_str(), W_OK | X_OK) != 0) {
    return std::unexpected(errno_error(fmt::format("write to --out directory {}", directory.string())));
  }
  if (std::filesystem::exists(directory / kind.file, ec)) {
    for (const auto& entry : std::filesystem::directory_iterator(directory, ec)) {
      if (entry.is_directory(ec) && kind.is_part(entry.path().filename().string()))
        std::filesystem::remove_all(entry.path(), ec);
    }
  }
  return write_whole_file(directory / kind.file, "");
}

Result<void> write_whole_file(const std::filesystem::path& file, std::string_view text) {
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream.write(text.data(), static_cast<std::streamsize>(text.size()));
  stream.close();
  if (!stream) return std::unexpected(errno_error(fmt::format("write {}", file.string())));
  return {};
}

}  // namespace selfconnect
