// SPDX-License-Identifier: MIT
#include "harness/check/out_directory.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <fstream>

namespace selfconnect {

namespace {

// "03-self-connect"
bool is_phase_directory(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name.size() > 3 && std::isdigit(static_cast<unsigned char>(name[0])) != 0 &&
         std::isdigit(static_cast<unsigned char>(name[1])) != 0 && name[2] == '-' &&
         phase_from_name(name.substr(3)).has_value();
}

}  // namespace

Result<void> make_out(const std::filesystem::path& directory) {
  std::error_code ec;
  std::filesystem::create_directories(directory, ec);
  if (ec)
    return std::unexpected(
        errno_error(fmt::format("make --out directory {}", directory.string()), ec.value()));
  if (access(directory.c_str(), W_OK | X_OK) != 0) {
    return std::unexpected(errno_error(fmt::format("write to --out directory {}", directory.string())));
  }
  return {};
}

Result<void> prepare_out(const std::filesystem::path& directory) {
  if (auto made = make_out(directory); !made) return made;
  std::error_code ec;
  if (std::filesystem::exists(directory / "run.json", ec)) {
    for (const auto& entry : std::filesystem::directory_iterator(directory, ec)) {
      if (entry.is_directory(ec) && is_phase_directory(entry.path()))
        std::filesystem::remove_all(entry.path(), ec);
    }
  }
  return write_whole_file(directory / "run.json", "");
}

Result<void> write_whole_file(const std::filesystem::path& file, std::string_view text) {
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream.write(text.data(), static_cast<std::streamsize>(text.size()));
  stream.close();
  if (!stream) return std::unexpected(errno_error(fmt::format("write {}", file.string())));
  return {};
}

}  // namespace selfconnect
