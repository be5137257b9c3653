// Which kernel runs here, for reports.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace selfconnect {

// Of the running kernel, as uname(2) has it: "6.18.44"; "unknown" where that fails.
[[nodiscard]] std::string kernel_release();

}  // namespace selfconnect
