// The event `half-close`: FIN at once, and it reads on.
// SPDX-License-Identifier: MIT
#include "harness/peer/peer_connection.h"

namespace selfconnect {

namespace {

class HalfClose : public Conduct {
  void begin(PeerConnection& connection) override { connection.half_close(); }
};

}  // namespace

std::unique_ptr<Conduct> half_close_at_once() { return std::make_unique<HalfClose>(); }

}  // namespace selfconnect
