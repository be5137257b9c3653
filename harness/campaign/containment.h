// Keeps a target from taking the machine with it: looks at a worker's world while it plays, and ends it when it holds too many
// processes or too much memory, or when the disk of --out runs full. RLIMIT_NPROC is no bound for root, RLIMIT_AS none that a
// sanitizer could live with (getrlimit(2)).
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace selfconnect {

struct ContainmentLimits {
  std::size_t processes = 512;                // of all worlds of this process
  std::uint64_t resident_bytes = UINT64_MAX;  // likewise
  std::uint64_t free_disk_bytes = 0;          // to be left by a target that fills it
  std::filesystem::path disk;                 // a directory on it
  std::chrono::milliseconds look = std::chrono::milliseconds(25);
};

// What this machine can spare for one of so many workers.
[[nodiscard]] ContainmentLimits default_limits(std::size_t workers, const std::filesystem::path& out);

// On the file system of `directory`, for whom it is not reserved (statvfs(3)); UINT64_MAX where that cannot be told.
[[nodiscard]] std::uint64_t free_disk_bytes(const std::filesystem::path& directory);

// A process below another one.
struct Descendant {
  pid_t pid = -1;
  bool is_world_init = false;  // PID 1 of a PID namespace
  std::uint64_t resident_bytes = 0;
};
// Children, and theirs, of `root`; at most `most`. By /proc/PID/task/TID/children (CONFIG_PROC_CHILDREN).
[[nodiscard]] std::vector<Descendant> descendants_of(pid_t root, std::size_t most);

// A thread that looks. One per process, for it looks at all that this process started.
class Containment {
 public:
  explicit Containment(ContainmentLimits limits);
  ~Containment();
  Containment(const Containment&) = delete;
  Containment& operator=(const Containment&) = delete;

  // Why a world was ended since the last call: "512 processes". From any thread.
  [[nodiscard]] std::optional<std::string> take_reason();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace selfconnect
