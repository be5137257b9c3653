// The addresses that stand for host names wherever the harness answers for them: in worlds, and on the virtual network.
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "harness/net/endpoint.h"

namespace selfconnect {

// The IPv4 address that stands for a name: always the same, out of 198.19.0.0/16 (RFC 2544: nobody's). Letter
// case and a final dot make no difference (RFC 4343).
[[nodiscard]] Address address_of_name(std::string_view name);

}  // namespace selfconnect
