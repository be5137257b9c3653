// The first process of a world: makes its namespaces, serves requests from the harness, keeps the world
// alive. Runs after a raw clone of the harness, so it allocates nothing and throws nothing. Used by World
// only.
//
//   harness --- control socket (SOCK_SEQPACKET, also the lifeline) --- init (PID 1 of the world)
//     request: one InitRequest          reply: one InitReply, with a descriptor where one was asked for
//
// When the harness ends in whatever way, the socket closes, init exits, and the kernel kills every process of
// the PID namespace (pid_namespaces(7)).
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>

namespace selfconnect {

// The network of the target, or the one at the far end of a veth pair.
enum class Network : std::uint32_t { kNear, kFar };

struct InitRequest {
  enum class What : std::uint32_t {
    kSocket,  // socket(numbers[0], numbers[1], numbers[2]) in the network of `network`; replies with the
              // descriptor
    kSysctl,  // writes `value` to /proc/sys/`path`
    kNetNs,   // replies with a descriptor of the network namespace of `network`
    kFar,     // makes the far network namespace
  };
  What what = What::kSocket;
  Network network = Network::kNear;
  std::array<std::int32_t, 3> numbers{};
  std::array<char, 128> path{};
  std::array<char, 3072> value{};  // a full list of reserved ports fits
};

struct InitReply {
  std::int32_t error = 0;       // errno, 0: done
  std::array<char, 32> step{};  // what failed, for the message
};

struct InitSpec {
  int control = -1;  // the world's end of the control socket
  bool user_namespace = false;
  uid_t uid = 0;  // of the harness, kept by the target
  gid_t gid = 0;
};

// Never returns. Called in the cloned child, already in its new namespaces.
[[noreturn]] void run_init(const InitSpec& spec);

}  // namespace selfconnect
