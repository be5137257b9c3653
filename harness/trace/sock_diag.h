// The kernel's TCP socket table of one network namespace, by sock_diag(7).
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"
#include "harness/trace/trace.h"

namespace selfconnect {

class SockDiag {
 public:
  static constexpr std::size_t kMaxLines = 4096;

  // `socket`: socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG), made in the namespace to be read.
  explicit SockDiag(UniqueFd socket) : socket_(std::move(socket)) {}

  // TCP sockets with this local port, IPv4 then IPv6, in all states, the first kMaxLines; `at` is put into
  // each line. Not listed by kernels before 6.8: sockets that are bound but neither listen nor are connected.
  Result<std::vector<SocketLine>> sockets(std::uint16_t local_port, Instant at);

  // The TCP socket with both ends at `endpoint`, if there is one. The kernel looks it up: unlike a list, which walks the
  // socket tables of the whole machine, that costs no half a millisecond.
  Result<std::optional<SocketLine>> self_connection(const Endpoint& endpoint, Instant at);

  // Removes the socket as `ss -K` does (SOCK_DESTROY): a connection is reset, a TIME-WAIT vanishes.
  // Needs CAP_NET_ADMIN over the namespace. ENOENT: it is gone already; EOPNOTSUPP: this kernel cannot.
  Result<void> destroy(const SocketLine& line);

 private:
  UniqueFd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace selfconnect
