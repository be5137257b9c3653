// The user's regular expressions (ECMAScript, as std::regex has them): checked before anything is started.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

#include "harness/sys/error.h"

namespace selfconnect {

// Longer ones are refused: libstdc++ compiles by recursion, and where the stack ends the program does.
inline constexpr std::size_t kLongestPattern = 4096;

// The error says why it is no regular expression. The empty one, which matches everything, is an error too.
[[nodiscard]] Result<void> check_pattern(std::string_view pattern);

}  // namespace selfconnect
