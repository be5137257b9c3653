// SPDX-License-Identifier: MIT
#include "harness/check/interrupts.h"

#include <unistd.h>

#include <csignal>

namespace selfconnect {

namespace {

constexpr int kQuitExitCode = 2;

}  // namespace

Interrupts::Interrupts(boost::asio::io_context& context, std::function<void()> on_first)
    : signals_(context, SIGINT, SIGTERM) {
  signals_.async_wait([this, on_first = std::move(on_first)](const boost::system::error_code& ec, int) {
    if (ec) return;
    on_first();
    // The second ends it at once: worlds end with the process that holds their lifelines.
    signals_.async_wait([](const boost::system::error_code& again, int) {
      if (!again) _exit(kQuitExitCode);
    });
  });
}

}  // namespace selfconnect
