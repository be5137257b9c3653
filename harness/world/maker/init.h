// The first process of a world. Allocates nothing and throws nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include "harness/world/maker.h"

namespace selfconnect {

// Of the maker and of init: the network namespace of the maker, which worlds' networks are made from (main.cc). It may be
// missing.
inline constexpr int kOutside = 5;

// Never returns. Called in the cloned child, already in its new namespaces; `sockets` are its ends.
[[noreturn]] void run_init(const MakeRequest& request, InitSockets sockets);

}  // namespace selfconnect
