// From a schedule that shows something to the shortest found that still shows it. Pure but for the question it asks.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>

#include "harness/schedule/schedule.h"

namespace selfconnect {

struct Shrunk {
  Schedule schedule;
  std::size_t runs = 0;  // how often `shows` was asked
  bool minimal = false;  // no single event can be left out or made simpler; else the limit came first
};

// The event that a script without words stands for, by its last step: close, reset, half-close, or silent.
[[nodiscard]] Event wordless(const Step& last);

// Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002): leaves events out,
// then makes them simpler: a kind by `refuse`, an amount by a smaller one, a script by a shorter one or by the event that its last
// step stands for; and again, until nothing shows it any more. `schedule` itself must show it and is not asked about; no schedule
// is asked about twice, and none that is longer. A cause of 1 to 4 events out of 64 takes under 200 runs.
[[nodiscard]] Shrunk shrink_schedule(const Schedule& schedule,
                                     const std::function<bool(const Schedule&)>& shows,
                                     std::size_t most_runs = 200);

}  // namespace selfconnect
