// SPDX-License-Identifier: MIT
#include "harness/check/schedule_runner.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "harness/check/director.h"
#include "harness/launch/inherited.h"

namespace selfconnect {

namespace asio = boost::asio;

namespace {

CheckOptions for_one_world(CheckOptions options) {
  options.schedule = Schedule{};
  options.out.clear();
  if (options.family == FamilyChoice::kBoth) options.family = FamilyChoice::kIpv4;
  return options;
}

}  // namespace

struct ScheduleRunner::State {
  State(CheckOptions wanted, Worlds worlds)
      : options(for_one_world(std::move(wanted))),
        director(context, options, observer,
                 worlds == Worlds::kRecycled ? WorldPool::Reuse::kCleaned : WorldPool::Reuse::kNever) {}

  void play(asio::awaitable<void> phases) {
    context.restart();
    asio::co_spawn(context, std::move(phases), [this](const std::exception_ptr& thrown) {
      try {
        if (thrown) std::rethrow_exception(thrown);
      } catch (const std::exception& failed) {
        director.fail(fmt::format("the harness failed: {}", failed.what()));
      }
    });
    context.run();
  }

  asio::io_context context{1};
  CheckOptions options;
  CheckObserver observer;
  Director director;
};

ScheduleRunner::ScheduleRunner() = default;
ScheduleRunner::~ScheduleRunner() = default;

std::expected<std::unique_ptr<ScheduleRunner>, Judgement> ScheduleRunner::create(CheckOptions options,
                                                                                 Worlds worlds) {
  mend_inherited();
  if (auto ready = can_start(options); !ready) {
    return std::unexpected(not_judged(Verdict::kError, ready.error().message));
  }
  std::unique_ptr<ScheduleRunner> runner(new ScheduleRunner());
  runner->state_ = std::make_unique<State>(std::move(options), worlds);
  Director& director = runner->state_->director;
  runner->state_->play(director.direct_controls());
  CheckResult controls = director.take_result();
  if (controls.judgement.verdict == Verdict::kError || controls.judgement.verdict == Verdict::kSkip) {
    return std::unexpected(std::move(controls.judgement));
  }
  return runner;
}

CheckResult ScheduleRunner::run(const Schedule& schedule, Depth depth) {
  Director& director = state_->director;
  state_->play(director.direct_schedule(schedule, depth == Depth::kQuick));
  return director.take_result();
}

void ScheduleRunner::interrupt() {
  asio::post(state_->context, [this] { state_->director.interrupt(); });
}

}  // namespace selfconnect
