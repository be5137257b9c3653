// How the far end behaves on a connection that it has accepted: one conduct per event of a schedule, each in a file of its
// own name.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "harness/net/endpoint.h"
#include "harness/schedule/event.h"
#include "harness/schedule/script_steps.h"
#include "harness/sys/error.h"
#include "harness/sys/unique_fd.h"

namespace selfconnect {

class PeerConnection;

// Never throws; a connection that has ended takes no more moves.
class Conduct {
 public:
  virtual ~Conduct() = default;
  // The connection stands, and the target has not been told yet. On the thread that accepted.
  virtual void begin(PeerConnection& /*connection*/) {}
  // The rest on the io_context's thread. It is served from now on:
  virtual void serve(PeerConnection& /*connection*/) {}
  virtual void received(PeerConnection& /*connection*/, std::string_view /*bytes*/) {}
  // The target's FIN.
  virtual void ended(PeerConnection& connection);
  // All that was sent has gone.
  virtual void flushed() {}
  // Whether nothing will be said any more, unless the target says something first.
  [[nodiscard]] virtual bool waits() const { return true; }
};

// What `serve` comes to: a real server, or steps that are taken over and over; without either, silence.
struct Service {
  std::vector<Step> steps;
  // A socket of the server's network that is not connected yet; and where the server listens.
  std::function<Result<UniqueFd>()> socket;
  Endpoint server;
};

[[nodiscard]] std::unique_ptr<Conduct> close_at_once();
[[nodiscard]] std::unique_ptr<Conduct> reset_at_once();
[[nodiscard]] std::unique_ptr<Conduct> half_close_at_once();
[[nodiscard]] std::unique_ptr<Conduct> keep_silent();
// The same bytes for the same amount, in every run.
[[nodiscard]] std::unique_ptr<Conduct> send_garbage(std::uint32_t amount);

[[nodiscard]] std::unique_ptr<Conduct> follow_script(std::vector<Step> steps, Repeat repeat);

// Hands on to a real server, and back, byte for byte and half-close for half-close.
[[nodiscard]] std::unique_ptr<Conduct> hand_on(boost::asio::io_context& context, const Service& service);

// `event` is one that is accepted (is_accepted).
[[nodiscard]] std::unique_ptr<Conduct> conduct_of(const Event& event, boost::asio::io_context& context,
                                                  const Service& service);

}  // namespace selfconnect
