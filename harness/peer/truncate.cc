// The event `truncate`, and which conduct an event comes to.
// SPDX-License-Identifier: MIT
#include "harness/peer/peer_connection.h"

namespace selfconnect {

namespace {

class Truncate : public Conduct {
 public:
  Truncate(std::uint32_t amount, std::unique_ptr<Conduct> server)
      : amount_(amount), server_(std::move(server)) {}

 private:
  void begin(PeerConnection& connection) override {
    connection.close_after(amount_);
    server_->begin(connection);
  }
  void serve(PeerConnection& connection) override { server_->serve(connection); }
  void received(PeerConnection& connection, std::string_view bytes) override {
    server_->received(connection, bytes);
  }
  void ended(PeerConnection& connection) override { server_->ended(connection); }
  void flushed() override { server_->flushed(); }
  [[nodiscard]] bool waits() const override { return server_->waits(); }

  std::uint32_t amount_;
  std::unique_ptr<Conduct> server_;
};

std::unique_ptr<Conduct> server_conduct(boost::asio::io_context& context, const Service& service) {
  if (service.socket) return hand_on(context, service);
  if (service.steps.empty()) return keep_silent();
  return follow_script(service.steps, Repeat::kOverAndOver);
}

}  // namespace

std::unique_ptr<Conduct> conduct_of(const Event& event, boost::asio::io_context& context,
                                    const Service& service) {
  switch (event.kind) {
    case EventKind::kClose:
      return close_at_once();
    case EventKind::kReset:
      return reset_at_once();
    case EventKind::kHalfClose:
      return half_close_at_once();
    case EventKind::kGarbage:
      return send_garbage(event.amount);
    case EventKind::kScript:
      return follow_script(event.steps, Repeat::kOnce);
    case EventKind::kTruncate:
      return std::make_unique<Truncate>(event.amount, server_conduct(context, service));
    case EventKind::kServe:
      return server_conduct(context, service);
    default:
      return keep_silent();
  }
}

}  // namespace selfconnect
