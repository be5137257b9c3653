// Stands in for the model in tests of the way to it: every call of calls.h notes its name and gives kFakeResult.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace selfconnect::vnet {

inline constexpr int kFakeResult = 770;

// The last one, and forgets it; empty where none was called.
std::string take_fake_call();

}  // namespace selfconnect::vnet
