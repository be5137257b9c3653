// The end of a run whose client does what this library does not model. Never a wrong result.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace selfconnect::vnet {

// Says "vnet: CALL: WHY" on stderr and aborts.
[[noreturn]] void refuse(std::string_view call, std::string_view why);

}  // namespace selfconnect::vnet
