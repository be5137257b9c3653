// The processes of the target, read from /proc (proc(5)), and the bounded list of samples made of them.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/trace/trace.h"

namespace selfconnect {

// Whether a root is itself one of the target's processes, or only the parent of them (a namespace's init).
enum class RootIs { kTarget, kParent };

inline constexpr std::size_t kMaxProcesses = 4096;

// The tree under `root` by /proc/PID/task/TID/children (Linux 3.5, CONFIG_PROC_CHILDREN), parents first,
// at most kMaxProcesses. Processes that end meanwhile are left out; none is an empty list.
[[nodiscard]] std::vector<pid_t> processes_under(pid_t root, RootIs root_is);

// One process now; nullopt when it is gone. `at` and `attempts` are left for the caller. What this process
// may not read is 0.
[[nodiscard]] std::optional<ProcessSample> sample_process(pid_t pid);

// From the text of /proc/PID/stat: pid, name, state, cpu, resident_bytes. Nullopt when malformed.
[[nodiscard]] std::optional<ProcessSample> parse_proc_stat(std::string_view text, long clock_ticks_per_second,
                                                           long page_size);

// All processes of the target at one moment.
[[nodiscard]] std::vector<ProcessSample> sample_processes(pid_t root, RootIs root_is, Instant at,
                                                          std::uint64_t attempts);

// Keeps at most `limit` samples: when full, every second round is dropped, and from then on only every second
// further round is kept. The first and the newest round are always there.
class SampleLog {
 public:
  static constexpr std::size_t kLimit = 4096;
  explicit SampleLog(std::size_t limit = kLimit) : limit_(limit) {}

  void add(std::vector<ProcessSample> round);
  [[nodiscard]] std::vector<ProcessSample> samples() const;  // in order of adding

 private:
  void thin();

  std::size_t limit_;
  std::vector<std::vector<ProcessSample>> rounds_;  // every stride_-th of all
  std::vector<ProcessSample> newest_;               // when it is not one of them
  std::size_t size_ = 0;                            // samples in rounds_
  std::uint64_t added_ = 0;                         // rounds, ever
  std::uint64_t stride_ = 1;
};

}  // namespace selfconnect
