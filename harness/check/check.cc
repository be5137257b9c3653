// SPDX-License-Identifier: MIT
#include "harness/check/check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

#include "harness/check/director.h"
#include "harness/check/out_directory.h"
#include "harness/launch/inherited.h"
#include "harness/launch/process.h"

namespace selfconnect {

namespace asio = boost::asio;

namespace {

constexpr int kQuitExitCode = 2;  // second Ctrl-C

Result<void> can_start(const CheckOptions& options) {
  for (const auto* command : {&options.command, &options.server}) {
    if (command->empty()) continue;
    if (auto found = find_command(command->front()); !found) return std::unexpected(found.error());
  }
  return {};
}

}  // namespace

CheckResult check(const CheckOptions& options, CheckObserver& observer) {
  mend_inherited();
  asio::io_context context(1);
  Director director(context, options, observer);
  auto ready = can_start(options);
  if (ready && !options.out.empty()) ready = prepare_out(options.out);
  if (!ready) {
    CheckResult result = director.result();
    result.judgement = not_judged(Verdict::kError, ready.error().message);
    return result;
  }

  asio::signal_set signals(context, SIGINT, SIGTERM);
  std::function<void(const boost::system::error_code&, int)> on_signal =
      [&](const boost::system::error_code& ec, int) {
        if (ec) return;
        director.interrupt();
        // The second ends it at once: worlds end with the process that holds their lifelines.
        signals.async_wait([](const boost::system::error_code& again, int) {
          if (!again) _exit(kQuitExitCode);
        });
      };
  signals.async_wait(on_signal);
  asio::co_spawn(context, director.direct(), [&](const std::exception_ptr& thrown) {
    signals.cancel();
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const std::exception& failed) {
      director.fail(fmt::format("the harness failed: {}", failed.what()));
    }
  });
  context.run();
  return director.result();
}

}  // namespace selfconnect
