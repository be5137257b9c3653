// One run: its phases one after the other, from learning what the target dials to the last control.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/check/check.h"
#include "harness/check/learned.h"
#include "harness/check/options.h"
#include "harness/check/plan.h"
#include "harness/check/stage.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// For the io_context's thread only. `options` and `observer` outlive it.
class Director {
 public:
  Director(boost::asio::io_context& context, const CheckOptions& options, CheckObserver& observer,
           WorldPool::Reuse reuse = WorldPool::Reuse::kRenewed);

  // Plays all phases, or those before the first that cannot be played.
  boost::asio::awaitable<void> direct();
  // For many schedules, one after the other: the controls of one family, and then each schedule.
  boost::asio::awaitable<void> direct_controls();
  // `quick`: as ScheduleRunner::Depth::kQuick.
  boost::asio::awaitable<void> direct_schedule(const Schedule& schedule, bool quick);

  // The phase that plays ends as soon as it can, and is the last.
  void interrupt();
  // The run as a whole cannot be judged.
  void fail(std::string reason);
  // Saves and judges what was played. Once, at the end.
  CheckResult result();
  // Judges what was played, and forgets it but for the controls.
  CheckResult take_result();

 private:
  void describe();
  [[nodiscard]] bool selected(Phase phase) const;
  Playing<void> play_family(Family family);
  // What the target dials, from the `refused` control.
  Playing<Learned> learn(Family family);
  PhasePlan plan_for(Phase phase, const Learned& learned) const;
  PhasePlan forced_plan(Phase phase, const Learned& learned, const Destination& destination) const;
  Playing<void> play_healthy_controls(const Learned& learned);
  Playing<void> play_served(const Learned& learned, int runs);
  // The controls, the schedule, and then what its judging wants to be held against.
  Playing<void> play_schedule_family(const Learned& learned);
  Playing<void> play_schedule_and_controls(const Learned& learned, const Schedule& schedule);
  CheckResult judged() const;
  PhasePlan schedule_plan(Phase phase, const Learned& learned, Schedule schedule) const;
  static Playing<void> play_on(Stage& stage);
  Playing<void> play(const PhasePlan& plan);
  void expect_phases(const Learned& learned);
  void leave_out(Phase phase, std::string reason);
  bool only_this_phase(Phase phase, const StageFailure& failure);

  const CheckOptions& options_;
  Performance performance_;
  Run run_;
  Learned learned_;
  std::vector<Trace> single_events_;          // controls of earlier runs
  std::vector<DestinationStats> last_stats_;  // of the phase played last
  int expected_phases_ = 0;
  bool quick_ = false;
  std::optional<StageFailure> failure_;
};

}  // namespace selfconnect
