// One target under one schedule after another: what a campaign of schedules stands on. The controls `refused` and `healthy`
// are played once, and belong to every run.
// SPDX-License-Identifier: MIT
#pragma once

#include <expected>
#include <memory>

#include "harness/check/check.h"
#include "harness/check/options.h"
#include "harness/judge/verdict.h"
#include "harness/schedule/schedule.h"

namespace selfconnect {

// For one thread, but for interrupt(); and one at a time in a process: a launch copies the descriptors of the whole process until its
// exec, the sockets of another runner's target among them.
class ScheduleRunner {
 public:
  enum class Worlds { kFresh, kRecycled };
  enum class Depth {
    kQuick,  // may end a phase as soon as all threads of the target are blocked for good, and reads no counters
    kWhole,  // waits the whole window: confirms a finding
  };

  // Plays the controls. The error is a judgement of skip or error.
  static std::expected<std::unique_ptr<ScheduleRunner>, Judgement> create(CheckOptions options,
                                                                          Worlds worlds);
  ~ScheduleRunner();
  ScheduleRunner(const ScheduleRunner&) = delete;
  ScheduleRunner& operator=(const ScheduleRunner&) = delete;

  // The controls, the schedule's phase, and the single-event controls that the rules want; judged.
  CheckResult run(const Schedule& schedule, Depth depth);

  // From any thread: the phase that plays ends early.
  void interrupt();

 private:
  ScheduleRunner();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace selfconnect
