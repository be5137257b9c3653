// Which further phase would decide a run with a schedule. Asked by whoever plays the phases. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "harness/trace/trace.h"

namespace selfconnect {

// The event to play alone, as `EVENT serve`, in a phase `single-event`: the target waits after it, as a correct client may, and only
// such a control tells whether this one does. None: nothing more to learn. To be asked again with that control in the run.
[[nodiscard]] std::optional<Event> wanted_control(const Run& run);

}  // namespace selfconnect
