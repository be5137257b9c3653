// SPDX-License-Identifier: MIT
#include "fuzz/vnet/overseer.h"

#include <csignal>

namespace selfconnect::vnet {

void Overseer::raised(int signal) { std::raise(signal); }

}  // namespace selfconnect::vnet
