// What a target leaves behind where there is no PID namespace that would end with its world: its orphans, which become
// children of this process (prctl(2), PR_SET_CHILD_SUBREAPER). Used by World::here().
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <set>
#include <vector>

#include "harness/sys/error.h"

namespace selfconnect {

// Children of this process are counted in when they are of another session than its own, in its PID namespace, and were
// not there at adopt().
class LeftProcesses {
 public:
  // From now on this process adopts.
  static Result<LeftProcesses> adopt();

  // Kills those that are there and reaps those that have ended; their children become ours, so it takes some rounds.
  enum class Left { kNone, kSome };
  [[nodiscard]] Left kill();
  // Rounds until none is left, waiting for each to end.
  void end();

 private:
  explicit LeftProcesses(std::set<pid_t> others) : others_(std::move(others)) {}
  [[nodiscard]] std::vector<pid_t> left() const;

  std::set<pid_t> others_;
};

}  // namespace selfconnect
