// SPDX-License-Identifier: MIT
#include "fuzz/vnet/session/lost_memory.h"

namespace selfconnect::vnet {

namespace {

bool memory_lost = false;

}  // namespace

void lose_memory() { memory_lost = true; }

}  // namespace selfconnect::vnet

// Asked by LeakSanitizer (sanitizer/lsan_interface.h) before it looks for leaks.
extern "C" __attribute__((visibility("default"))) int __lsan_is_turned_off();
extern "C" int __lsan_is_turned_off() { return selfconnect::vnet::memory_lost ? 1 : 0; }
