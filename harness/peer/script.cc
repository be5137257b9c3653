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
  void begin(PeerConnection& connection) override { go_on(connection); }

  void received(PeerConnection& connection, std::string_view bytes) override {
    steps_.received(bytes.size());
    go_on(connection);
  }

  void go_on(PeerConnection& connection) {
    while (connection.is_open()) {
      const Step* step = steps_.next();
      if (step == nullptr) return;
      take(*step, connection);
    }
  }

  static void take(const Step& step, PeerConnection& connection) {
    switch (step.what) {
      case Step::What::kRead:
        break;
      case Step::What::kSay:
        return connection.send(step.bytes);
      case Step::What::kClose:
        return connection.close();
      case Step::What::kReset:
        return connection.reset();
      case Step::What::kHalfClose:
        return connection.half_close();
    }
  }

  const std::vector<Step> kept_;
  ScriptSteps steps_;
};

}  // namespace

std::unique_ptr<Conduct> follow_script(std::vector<Step> steps, Repeat repeat) {
  return std::make_unique<Steps>(std::move(steps), repeat);
}

}  // namespace selfconnect
