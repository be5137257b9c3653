// The event `script`, and a service that follows one: the steps, one after the other.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "harness/peer/peer_connection.h"

namespace selfconnect {

namespace {

class Steps : public Conduct {
 public:
  Steps(std::vector<Step> steps, Script script) : steps_(std::move(steps)), script_(script) {}

 private:
  void begin(PeerConnection& connection) override { go_on(connection); }

  void received(PeerConnection& connection, std::string_view bytes) override {
    unread_ += bytes.size();
    // One that never reads is started again by whatever comes.
    const bool reads = std::ranges::find(steps_, Step::What::kRead, &Step::what) != steps_.end();
    if (next_ == steps_.size() && script_ == Script::kOverAndOver) {
      next_ = 0;
      if (!reads) unread_ = 0;
    }
    go_on(connection);
  }

  void go_on(PeerConnection& connection) {
    while (next_ < steps_.size() && connection.is_open()) {
      const Step& step = steps_[next_];
      if (step.what == Step::What::kRead) {
        if (unread_ < step.amount) return;
        unread_ -= step.amount;
      }
      ++next_;
      take(step, connection);
      if (next_ == steps_.size() && script_ == Script::kOverAndOver && unread_ > 0) next_ = 0;
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

  std::vector<Step> steps_;
  Script script_;
  std::size_t next_ = 0;
  std::uint64_t unread_ = 0;  // bytes that came and that no step has waited for
};

}  // namespace

std::unique_ptr<Conduct> follow_script(std::vector<Step> steps, Script script) {
  return std::make_unique<Steps>(std::move(steps), script);
}

}  // namespace selfconnect
