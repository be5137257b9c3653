// A port layout put into force in a world.
// SPDX-License-Identifier: MIT
#pragma once

#include "harness/ports/layout.h"
#include "harness/sys/error.h"
#include "harness/world/world.h"

namespace selfconnect {

// By the sysctls ip_local_reserved_ports and ip_local_port_range of the world's near network. From then on no connect()
// and no bind to port 0 is given one of the reserved ports, in the old range or the new.
Result<void> set_port_layout(const World& world, const PortLayout& layout);

}  // namespace selfconnect
