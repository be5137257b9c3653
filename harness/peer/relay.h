// Hands connections on to a real server that listens somewhere else in its network, byte for byte and
// half-close for half-close. Used where the server binds to a loopback address only and must be reached from
// the near network.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "harness/net/endpoint.h"
#include "harness/sys/unique_fd.h"
#include "harness/world/world.h"

namespace selfconnect {

// Serves a listening socket of the far network until destroyed; then its connections are closed. The world must outlive
// it. For the io_context's
// thread.
class Relay {
 public:
  Relay(boost::asio::io_context& context, const World& world, UniqueFd listener, const Endpoint& server);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace selfconnect
