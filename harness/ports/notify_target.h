// What the supervisor of the engine `notify` reads and takes of a thread of the target. Every answer may be about another
// process by the time it is given, for thread ids are used again: the caller asks afterwards whether the notification
// still stands (SECCOMP_IOCTL_NOTIF_ID_VALID, seccomp_unotify(2)).
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

// All of `to`, from `address` in the thread's memory: process_vm_readv(2), or /proc/TID/mem where that is denied.
[[nodiscard]] bool read_memory(pid_t thread, std::uint64_t address, std::span<std::byte> to);

// The inode of the socket that is the thread's descriptor `fd` (/proc/TID/fd); nothing where it is no socket.
[[nodiscard]] std::optional<ino_t> socket_inode(pid_t thread, int fd);

// Takes copies of the target's descriptors by pidfd_getfd(2) (Linux 5.6). Not for two threads at once.
class DescriptorTaker {
 public:
  // The thread's descriptor `fd`, close-on-exec here. Errors: EBADF, not open there; ESRCH, the thread is gone.
  Result<UniqueFd> take(pid_t thread, int fd);

 private:
  struct Known {
    pid_t thread = 0;
    UniqueFd pidfd;
  };
  static constexpr std::size_t kKnown = 64;  // threads whose pidfd is kept

  std::array<Known, kKnown> known_;
};

}  // namespace selfconnect
