// The first process of a world. Allocates nothing and throws nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include "harness/world/maker.h"

namespace selfconnect {

// Never returns. Called in the cloned child, already in its new namespaces; `sockets` are its ends.
[[noreturn]] void run_init(const MakeRequest& request, InitSockets sockets);

}  // namespace selfconnect
