// Shrinks a schedule, each try in a process of its own: a try may crash, and a client that was stopped in the midst of a call is
// in no state for another life.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace selfconnect::vnet {

// Prints the shortest schedule that ends as this input does: by the same rule, or by the same signal or exit code. False where
// it has no finding.
[[nodiscard]] bool shrink_in_children(std::string_view input);

}  // namespace selfconnect::vnet
