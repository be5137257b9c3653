// The sockets that live in a network namespace: how many there are, of whatever family, and the end of those that TCP keeps
// though nobody holds them any more. By /proc/net/sockstat, which counts what is in no table too (a socket that is only
// bound, one that is not even that), and sock_diag(7).
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

class World;

struct SocketCount {
  std::size_t sockets = 0;    // held by a descriptor, or still at work for TCP
  std::size_t time_wait = 0;  // these are no sockets any more

  bool operator==(const SocketCount&) const = default;
};

// "sockets: used 3\nTCP: inuse 1 orphan 0 tw 2 ...", both IP versions together.
[[nodiscard]] Result<SocketCount> parse_sockstat(std::string_view text);

class LeftSockets {
 public:
  static constexpr std::size_t kSockets = 1;  // our own

  static Result<LeftSockets> open(const World& world);

  [[nodiscard]] Result<SocketCount> count() const;

  // Destroys TCP connections in any state (SOCK_DESTROY) until no more than `expected` sockets are left. Errors: EOPNOTSUPP
  // where the kernel was built without CONFIG_INET_DIAG_DESTROY; EAGAIN: others are left, and may go by themselves.
  Result<void> destroy_all_but(std::size_t expected);

 private:
  LeftSockets(UniqueFd netlink, UniqueFd sockstat)
      : netlink_(std::move(netlink)), sockstat_(std::move(sockstat)) {}

  UniqueFd netlink_;
  UniqueFd sockstat_;  // belongs to the namespace, and outlives its init
};

}  // namespace selfconnect
