// Whether processes wait for something that only others can bring about, and without a limit of time: then nothing they do can
// ever happen again by itself. Read from /proc (proc(5)); changes nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace selfconnect {

// One thread in its system call.
struct BlockedThread {
  pid_t thread = 0;
  std::vector<std::uint64_t> call;  // number and arguments, as /proc/PID/task/TID/syscall has them
  std::uint64_t switches = 0;       // voluntary context switches so far

  bool operator==(const BlockedThread&) const = default;
};

// All threads of `processes`, if each of them waits without a limit: in read(2), recv(2), accept(2), connect(2) on a descriptor without
// SO_RCVTIMEO or SO_SNDTIMEO, in poll(2), select(2), epoll_wait(2) or futex(2) without a timeout, in wait(2) or for a signal, while no timer
// of timerfd_create(2) or timer_create(2) is set and SIGALRM is not caught. Nothing in any other case, and where it cannot be told.
// They are blocked for good when a second look, some milliseconds later, gives the same: between the two none of them
// has run. An alarm(2) that would kill the process is not seen, nor
// that TCP gives up a connect(2) in the end, after two minutes by default (tcp(7), tcp_syn_retries).
[[nodiscard]] std::optional<std::vector<BlockedThread>> blocked_threads(std::span<const pid_t> processes);

// Whether a system call waits without a limit, by its number and arguments; a socket's own limit left aside.
enum class Waiting { kNo, kForDescriptor, kForOthers };
[[nodiscard]] Waiting waits_without_limit(std::span<const std::uint64_t> call);

}  // namespace selfconnect
