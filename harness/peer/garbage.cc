// The event `garbage`: bytes that are an answer in no protocol.
// SPDX-License-Identifier: MIT
#include "harness/peer/peer_connection.h"
#include "harness/schedule/script_steps.h"

namespace selfconnect {

namespace {

class Garbage : public Conduct {
 public:
  explicit Garbage(std::uint32_t amount) : amount_(amount) {}

 private:
  void begin(PeerConnection& connection) override { connection.send(garbage_bytes(amount_)); }

  std::uint32_t amount_;
};

}  // namespace

std::unique_ptr<Conduct> send_garbage(std::uint32_t amount) { return std::make_unique<Garbage>(amount); }

}  // namespace selfconnect
