// The event `reset`: RST at once.
// SPDX-License-Identifier: MIT
#include "harness/peer/peer_connection.h"

namespace selfconnect {

namespace {

class Reset : public Conduct {
  void begin(PeerConnection& connection) override { connection.reset(); }
};

}  // namespace

std::unique_ptr<Conduct> reset_at_once() { return std::make_unique<Reset>(); }

}  // namespace selfconnect
