// SPDX-License-Identifier: MIT
#include "harness/cli/report_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace selfconnect {

namespace {

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const auto count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(errno_error(fmt::format("write({})", path)));
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

// None: standard output.
Result<UniqueFd> open_file(const std::string& path) {
  UniqueFd fd;
  if (path == "-") return fd;
  fd.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!fd) return std::unexpected(errno_error(fmt::format("open({})", path)));
  return fd;
}

}  // namespace

Result<void> check_writable(const std::string& path) {
  if (path == "-") return {};
  const UniqueFd there(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (there) return {};
  if (errno != ENOENT) return std::unexpected(errno_error(fmt::format("open({})", path)));
  const UniqueFd made(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!made) return std::unexpected(errno_error(fmt::format("open({})", path)));
  unlink(path.c_str());
  return {};
}

Result<void> write_file(const std::string& path, std::string_view text) {
  const auto fd = open_file(path);
  if (!fd) return std::unexpected(fd.error());
  return write_all(*fd ? fd->get() : STDOUT_FILENO, text, path);
}

Result<ReportFiles> ReportFiles::open(std::span<const ReportRequest> requests) {
  ReportFiles files;
  for (const ReportRequest& request : requests) {
    auto fd = open_file(request.path);
    if (!fd) return std::unexpected(fd.error());
    files.files_.push_back({request, std::move(*fd)});
  }
  return files;
}

Result<void> ReportFiles::write(const Run& run, const Judgement& judgement, FailOn fail_on) const {
  Result<void> all;
  for (const auto& [request, fd] : files_) {
    const std::string text = request.reporter->render(run, judgement, fail_on);
    auto written = write_all(fd ? fd.get() : STDOUT_FILENO, text, request.path);
    if (!written && all) all = std::move(written);
  }
  return all;
}

}  // namespace selfconnect
