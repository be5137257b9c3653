// SPDX-License-Identifier: MIT
#include "harness/check/check.h"

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "harness/check/director.h"
#include "harness/check/interrupts.h"
#include "harness/check/out_directory.h"
#include "harness/launch/inherited.h"
#include "harness/launch/process.h"

namespace selfconnect {

namespace asio = boost::asio;

Result<void> can_start(const CheckOptions& options) {
  for (const auto* command : {&options.command, &options.server}) {
    if (command->empty()) continue;
    if (auto found = find_command(command->front()); !found) return std::unexpected(found.error());
  }
  return {};
}

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

  Interrupts interrupts(context, [&] { director.interrupt(); });
  asio::co_spawn(context, director.direct(), [&](const std::exception_ptr& thrown) {
    interrupts.ignore();
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
