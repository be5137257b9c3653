// Two connected Unix sockets, close-on-exec: one to keep, one for a child or a thread.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

struct SocketPair {
  UniqueFd near, far;
};

// socketpair(2). The error is its errno.
Result<SocketPair> socket_pair(int type = SOCK_SEQPACKET);

}  // namespace selfconnect
