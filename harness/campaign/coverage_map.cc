// SPDX-License-Identifier: MIT
#include "harness/campaign/coverage_map.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace selfconnect {

namespace {

constexpr std::string_view kMarker = "selfconnect-coverage/1";
constexpr const char* kEnvironment = "SELFCONNECT_COVERAGE";
constexpr int kHighDescriptor = 190;  // out of the way of what a target opens itself

}  // namespace

bool counts_edges(const std::filesystem::path& program) {
  const UniqueFd fd(open(program.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!fd || fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) return false;
  const auto size = static_cast<std::size_t>(status.st_size);
  void* memory = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (memory == MAP_FAILED) return false;
  const bool found =
      std::string_view(static_cast<const char*>(memory), size).find(kMarker) != std::string_view::npos;
  munmap(memory, size);
  return found;
}

Result<CoverageMap> CoverageMap::create(std::size_t size) {
  const UniqueFd low(memfd_create("selfconnect-coverage", MFD_CLOEXEC));
  if (!low) return std::unexpected(errno_error("memfd_create"));
  UniqueFd fd(fcntl(low.get(), F_DUPFD_CLOEXEC, kHighDescriptor));
  if (!fd) return std::unexpected(errno_error("fcntl(F_DUPFD_CLOEXEC)"));
  if (ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return std::unexpected(errno_error("ftruncate"));
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return std::unexpected(errno_error("mmap"));
  CoverageMap map(std::move(fd), {static_cast<std::uint8_t*>(memory), size});
  if (setenv(kEnvironment, fmt::format("{}", map.fd()).c_str(), 1) != 0)
    return std::unexpected(errno_error("setenv"));
  return map;
}

CoverageMap::CoverageMap(CoverageMap&& other) noexcept
    : fd_(std::move(other.fd_)), edges_(std::exchange(other.edges_, {})) {}

CoverageMap::~CoverageMap() {
  if (!edges_.empty()) munmap(edges_.data(), edges_.size());
}

}  // namespace selfconnect
