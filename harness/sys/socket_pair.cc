// SPDX-License-Identifier: MIT
#include "harness/sys/socket_pair.h"

#include <array>

namespace selfconnect {

Result<SocketPair> socket_pair(int type) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return std::unexpected(errno_error("socketpair"));
  return SocketPair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace selfconnect
