// Where the attempts of a trial are read: from the packets of its world, or, in a network that is not ours to capture in, from
// the calls.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include "harness/measure/measurement.h"
#include "harness/measure/trial_tally.h"

namespace selfconnect {

// For one thread at a time.
class AttemptSource {
 public:
  using Time = std::chrono::steady_clock::time_point;

  AttemptSource() = default;
  virtual ~AttemptSource() = default;
  AttemptSource(const AttemptSource&) = delete;
  AttemptSource& operator=(const AttemptSource&) = delete;

  // Adds what happened since the last time, in order, and never waits: look several times a second at least.
  virtual void drain(TrialTally& tally) = 0;

  // Whether attempts that were called for within the limits of a trial that is over may still come: of other threads.
  [[nodiscard]] virtual bool has_outstanding(const TrialTally& tally) const = 0;

  // What the attempts one by one do not tell, or not from here: `refused`, `held`, `exhausted`, `passed_over` and `lost`. Once
  // the command has been ended, at `ended`, and all is drained.
  virtual void complete(const TrialTally& tally, Time ended, Trial& trial) = 0;
};

}  // namespace selfconnect
