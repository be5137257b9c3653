// SPDX-License-Identifier: MIT
#include "harness/campaign/small_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "harness/sys/unique_fd.h"

namespace selfconnect {

namespace {

std::unexpected<Error> failed(std::string_view call, const std::filesystem::path& file) {
  return std::unexpected(errno_error(fmt::format("{}({})", call, file.string())));
}

}  // namespace

Result<std::string> read_small_file(const std::filesystem::path& file, std::size_t largest) {
  // Not blocking: it may be a FIFO, of which fstat tells.
  const UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return failed("open", file);
  struct stat status{};
  if (fstat(fd.get(), &status) != 0) return failed("fstat", file);
  if (!S_ISREG(status.st_mode))
    return std::unexpected(error(fmt::format("{}: not a regular file", file.string())));
  if (static_cast<std::uintmax_t>(status.st_size) > largest)
    return std::unexpected(error(fmt::format("{}: larger than {} bytes", file.string(), largest)));
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t size = read(fd.get(), text.data() + have, text.size() - have);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed("read", file);
    if (size == 0) break;
    have += static_cast<std::size_t>(size);
  }
  text.resize(have);
  return text;
}

Result<void> write_small_file(const std::filesystem::path& file, std::string_view text) {
  UniqueFd fd(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!fd) return failed("open", file);
  while (!text.empty()) {
    const ssize_t size = write(fd.get(), text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed("write", file);
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  if (close(fd.release()) != 0) return failed("close", file);
  return {};
}

}  // namespace selfconnect
