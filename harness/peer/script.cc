// The event `script`, and a service that follows one: the steps, one after the other.
// SPDX-License-Identifier: MIT
#include "harness/peer/peer_connection.h"
#include "harness/schedule/script_steps.h"

namespace selfconnect {

namespace {

class Steps : public Conduct {
 public:
  Steps(std::vector<Step> steps, Repeat repeat) : kept_(std::move(steps)), steps_(kept_, repeat) {}

 private:
  void begin(PeerConnection& connection) override { take_steps(steps_, connection); }

  void received(PeerConnection& connection, std::string_view bytes) override {
    steps_.received(bytes.size());
    take_steps(steps_, connection);
  }

  const std::vector<Step> kept_;
  ScriptSteps steps_;
};

}  // namespace

std::unique_ptr<Conduct> follow_script(std::vector<Step> steps, Repeat repeat) {
  return std::make_unique<Steps>(std::move(steps), repeat);
}

}  // namespace selfconnect
