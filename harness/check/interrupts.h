// Ctrl-C and SIGTERM during a run: the first ends it with what is known so far, the second at once.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>

namespace selfconnect {

// For the io_context's thread. Signals are caught until ignore() or the end of it.
class Interrupts {
 public:
  // `on_first` is called once.
  Interrupts(boost::asio::io_context& context, std::function<void()> on_first);

  void ignore() { signals_.cancel(); }

 private:
  boost::asio::signal_set signals_;
};

}  // namespace selfconnect
