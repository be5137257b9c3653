// The phases `schedule` and `single-event`: every attempt meets its event, until the target has been served in the quiet
// window, or ends, or cannot go on.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "harness/check/stage.h"
#include "harness/judge/success_pattern.h"

namespace selfconnect {

namespace {

// Whether the target's success pattern is in what it has printed so far.
class Succeeded {
 public:
  explicit Succeeded(Stage& stage)
      : stage_(stage), pattern_(SuccessPattern::compile(stage.options().success_pattern)) {}

  bool operator()() const {
    const auto text = [](const OutputBuffer& buffer) {
      return OutputText{.head = buffer.head(), .tail = buffer.tail(), .total = buffer.total()};
    };
    Trace trace;
    trace.out = text(stage_.target().out());
    trace.err = text(stage_.target().err());
    return pattern_ && pattern_->find(trace);
  }

 private:
  Stage& stage_;
  std::optional<SuccessPattern> pattern_;
};

bool cannot_go_on(Stage& stage) { return stage.target_ended() || !stage.schedule().out_of_step().empty(); }

// What it is known to do with a server, or some time where it is not.
boost::asio::awaitable<void> watch_served(Stage& stage) {
  const auto over = [&stage] { return cannot_go_on(stage); };
  if (stage.plan().ends_when_served) {
    co_await stage.until_blocked(over, stage.deadline());
  } else if (stage.plan().succeeds_when_served) {
    const Succeeded succeeded(stage);
    co_await stage.until_blocked([&] { return over() || succeeded(); }, stage.deadline());
  } else {
    const auto by = std::min(Stage::Clock::now() + kFirstBytesGrace, stage.deadline());
    co_await stage.until([&] { return over() || stage.schedule().served_in_quiet_window(); }, by);
  }
}

}  // namespace

Playing<void> play_schedule(Stage& stage) {
  if (auto opened = co_await stage.open_schedule(); !opened) co_return opened;
  if (auto launched = stage.launch_target(); !launched) co_return launched;
  const ScheduleRecorder& schedule = stage.schedule();
  co_await stage.until_blocked([&] { return cannot_go_on(stage) || schedule.in_quiet_window(); },
                               stage.deadline());
  if (!cannot_go_on(stage) && schedule.in_quiet_window()) co_await watch_served(stage);
  co_await stage.settle([] { return true; });
  co_await stage.finish();
  std::string why = schedule.out_of_step();
  if (why.empty() && stage.flows().total() > schedule.dialled()) {
    why =
        "the target dials past the engine notify, as programs do through io_uring: a schedule cannot stop it";
  }
  if (!why.empty()) co_return failure(error(why), StageFailure::Kind::kCannotForce);
  co_return StageResult<void>{};
}

}  // namespace selfconnect
