// What a call that the engine `notify` has stopped points to in its thread's memory. As with notify_target.h, the caller asks
// afterwards whether the notification still stands.
// SPDX-License-Identifier: MIT
#pragma once

#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <optional>

#include "harness/ports/notify_call.h"

namespace selfconnect {

// The call, also where it is inside a socketcall(2). Nothing where its arguments cannot be read.
[[nodiscard]] std::optional<NotifyCall> read_call(pid_t thread, const seccomp_data& data);

// Where the call dials; nothing where it does not (sendto, sendmsg without MSG_FASTOPEN), for addresses other than IPv4's and
// IPv6's, and for what the kernel will not accept itself.
[[nodiscard]] std::optional<sockaddr_storage> read_destination(pid_t thread, const NotifyCall& call);

// The address that is bound to, likewise.
[[nodiscard]] std::optional<sockaddr_storage> read_bound_address(pid_t thread, const NotifyCall& call);

}  // namespace selfconnect
