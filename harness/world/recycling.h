// What World holds when it is to be used again: sockets that tell of changes, and the proof that nothing is left of a run.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"
#include "harness/world/init.h"
#include "harness/world/left_sockets.h"
#include "harness/world/network_watch.h"
#include "harness/world/tcp_metrics.h"

namespace selfconnect {

class World;

// One that was made before it is asked for.
struct SpareSocket {
  SocketKind kind;
  UniqueFd fd;
};

class Recycling {
 public:
  // For a world that is as it was made, but for this.
  static Result<Recycling> begin(const World& world);

  // A socket was given out. Of those whose close takes long a second descriptor is kept.
  void keep(const SocketKind& kind, int fd);

  // No sockets but `others`, the kept ones and our own are there, and nothing was changed. For EAGAIN see World::clean.
  Result<void> prove(std::size_t others);
  // The kept ones, emptied, are spare again.
  Result<void> take_back(std::vector<SpareSocket>& spare);

 private:
  [[nodiscard]] std::size_t sockets() const;
  Recycling(LeftSockets sockets, NetworkWatch watch, TcpMetrics metrics);

  LeftSockets left_;
  NetworkWatch watch_;
  TcpMetrics metrics_;
  std::vector<SpareSocket> kept_;
};

}  // namespace selfconnect
