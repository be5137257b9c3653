// The event `silent`: it reads, and says nothing.
// SPDX-License-Identifier: MIT
#include "harness/peer/conduct.h"

namespace selfconnect {

std::unique_ptr<Conduct> keep_silent() { return std::make_unique<Conduct>(); }

}  // namespace selfconnect
