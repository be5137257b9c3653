// The event `close`: FIN at once, by close(2).
// SPDX-License-Identifier: MIT
#include "harness/peer/peer_connection.h"

namespace selfconnect {

namespace {

class Close : public Conduct {
  void begin(PeerConnection& connection) override { connection.close(); }
};

}  // namespace

std::unique_ptr<Conduct> close_at_once() { return std::make_unique<Close>(); }

}  // namespace selfconnect
