// The calls that the engine `notify` stops: the seccomp filter that stops them, and what each of them asks for, by
// architecture and system call number. Touches no process.
//
//   connect, bind               always
//   sendto, sendmsg             with MSG_FASTOPEN only (they dial, too)
//   socket                      IPv4 and IPv6 streams, where the supervisor has to make the sockets itself
//   listen                      there, too: it lets its copy go
//   socketcall                  those of the above that 32-bit x86 programs make that way
//
// Dialling through io_uring passes seccomp by.
// SPDX-License-Identifier: MIT
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/sys/error.h"

namespace selfconnect {

// How the supervisor comes by the sockets of the target.
enum class SocketAccess {
  kTake,  // by pidfd_getfd(2), when a call is stopped
  kMake,  // makes them itself and installs them in the target (SECCOMP_IOCTL_NOTIF_ADDFD, Linux 5.9)
};

// The filter for Confinement::filter. On x86-64 it knows x32 and 32-bit programs too; any other architecture than the
// machine's own passes.
Result<std::vector<sock_filter>> notify_filter(SocketAccess access);

// For ioctl(2) on the notification descriptor, Linux 6.6: both sides of a notification are woken on the processor that the other one
// leaves. linux/seccomp.h
inline constexpr unsigned long kSetNotifyFlags = SECCOMP_IOW(4, __u64);
inline constexpr std::uint64_t kSyncWakeUp = 1;

struct NotifyCall {
  enum class Kind { kConnect, kBind, kListen, kSocket, kSendTo, kSendMessage, kSocketCall, kOther };
  Kind kind = Kind::kOther;
  std::array<std::uint64_t, 6> arguments{};
  enum class Layout { kNative, k32Bit };  // of structures in the target's memory
  Layout layout = Layout::kNative;
};

[[nodiscard]] NotifyCall notify_call(const seccomp_data& data);

// The call inside a socketcall(2) (kind kSocketCall) whose arguments, read from the target's memory, are `words`.
[[nodiscard]] NotifyCall inner_call(const NotifyCall& socket_call, const std::array<std::uint32_t, 6>& words);

}  // namespace selfconnect
