// The edges of a target's own code, where it was built for that (targets/coverage): memory that the target inherits by a
// descriptor and counts in.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

// Whether the program's file has the run-time that counts.
[[nodiscard]] bool counts_edges(const std::filesystem::path& program);

// Owned and move-only. Makes the environment of later children say where the counters are.
class CoverageMap {
 public:
  static Result<CoverageMap> create(std::size_t size);
  CoverageMap(CoverageMap&& other) noexcept;
  CoverageMap& operator=(CoverageMap&&) = delete;
  ~CoverageMap();

  [[nodiscard]] int fd() const { return fd_.get(); }  // to be inherited under its number
  [[nodiscard]] std::span<std::uint8_t> edges() const { return edges_; }

 private:
  CoverageMap(UniqueFd fd, std::span<std::uint8_t> edges) : fd_(std::move(fd)), edges_(edges) {}

  UniqueFd fd_;
  std::span<std::uint8_t> edges_;
};

}  // namespace selfconnect
