// Sockets by their inodes: which of them a process has open, by /proc/PID/fd (proc(5)).
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace selfconnect {

struct OpenSockets {
  std::map<ino_t, int> inodes;    // one descriptor of each
  std::uint32_t descriptors = 0;  // all of the process, at most kMostDescriptorsSeen

  // Of those of `wanted` that are open.
  [[nodiscard]] std::vector<int> descriptors_of(const std::set<ino_t>& wanted) const;
};
inline constexpr std::uint32_t kMostDescriptorsSeen = 65'536;

// Of the process of `thread`; empty when it is gone.
[[nodiscard]] OpenSockets open_sockets(pid_t thread);

[[nodiscard]] ino_t inode_of(int socket);  // fstat(2); 0: it is none

}  // namespace selfconnect
