// What World says to the first process of a world, its init (maker/init.cc), which lives in its namespaces, serves
// these requests and keeps the world alive.
//
//   harness --- control socket (SOCK_SEQPACKET, also the lifeline) --- init (PID 1 of the world)
//     request: one InitRequest          reply: one InitReply
//           --- descriptor socket (SOCK_SEQPACKET) -------------------
//                                       the descriptors that were asked for (SCM_RIGHTS), sent before the reply
//
// When the reply comes, init has closed its own copies: a socket that the harness closes is closed, and its port free.
// The first reply comes unasked, when the namespaces are ready, and brings a NETLINK_ROUTE socket. When the harness ends
// in whatever way, the socket closes, init exits, and the kernel kills every process of the PID namespace
// (pid_namespaces(7)).
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>

#include "harness/sys/descriptor_message.h"

namespace selfconnect {

// The network of the target, or the one at the far end of a veth pair.
enum class Network : std::uint32_t { kNear, kFar };

// The arguments of socket(2).
struct SocketKind {
  std::int32_t domain = 0;
  std::int32_t type = 0;
  std::int32_t protocol = 0;

  bool operator==(const SocketKind&) const = default;
};

struct InitRequest {
  enum class What : std::uint32_t {
    kSockets,  // the first `count` of `sockets`, in `network`; replies with all of them, or none
    kSysctls,  // writes `count` files: `text` has their paths below /proc/sys and values in turn, each ended by NUL
    kNetNs,  // replies with a descriptor of the network namespace of `network`
    kFar,    // makes the far network namespace; replies with a NETLINK_ROUTE socket in it
    kWatch,  // notes what is changed from now on; for kClean
    kClean,  // ends every other process, sets the sysctls back; ESTALE: something else was changed since kWatch
    kWatchAllButNetwork,  // likewise; for kRenew
    kRenew,  // ends every other process and leaves the networks for a new one; replies with a NETLINK_ROUTE socket there,
    // and with the packet sockets of the old ones. ESTALE: something else was changed
  };
  What what = What::kSockets;
  Network network = Network::kNear;
  std::uint32_t count = 0;
  std::array<SocketKind, kMostDescriptors> sockets{};
  std::array<char, 8192> text{};  // a full list of reserved ports fits
};

struct InitReply {
  std::int32_t error = 0;         // errno, 0: done
  std::uint32_t descriptors = 0;  // so many were sent
  std::array<char, 32> step{};    // what failed, for the message
};

}  // namespace selfconnect
