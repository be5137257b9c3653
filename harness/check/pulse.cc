// SPDX-License-Identifier: MIT
#include "harness/check/pulse.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace selfconnect {

boost::asio::awaitable<bool> Pulse::until(std::function<bool()> condition, Clock::time_point deadline) {
  while (!condition()) {
    if (Clock::now() >= deadline) co_return false;
    timer_.expires_at(deadline);
    boost::system::error_code ignored;  // a beat cancels the wait
    co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
  co_return true;
}

}  // namespace selfconnect
