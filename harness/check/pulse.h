// Waiting for a condition in a coroutine: recorders say that something changed, the director looks again.
// One coroutine waits at a time; everything runs in the io_context's thread.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>

namespace selfconnect {

class Pulse {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Pulse(boost::asio::io_context& context) : timer_(context) {}

  // Something changed.
  void beat() { timer_.cancel(); }

  // Waits until `condition` holds (true) or the deadline has passed (false).
  boost::asio::awaitable<bool> until(std::function<bool()> condition, Clock::time_point deadline);

 private:
  boost::asio::steady_timer timer_;
};

}  // namespace selfconnect
