// The calls of the C library behind the names that this library takes, for a process with a client on vnet: a sanitizer's interceptor
// where there is one, else the next definition in the order of the dynamic linker.
// SPDX-License-Identifier: MIT
#pragma once

namespace selfconnect::vnet {

enum class Name {
#define VNET_CALL(result, name, parameters, arguments) name,
#define VNET_REFUSED(result, name, parameters, arguments, why) name,
#define VNET_REFUSED_FD(result, name, parameters, arguments, descriptors) name,
#define VNET_BY_HAND(name) name,
#define VNET_ALIAS(name, of)
#include "fuzz/vnet/by_hand.def"
#include "fuzz/vnet/calls.def"
#include "fuzz/vnet/refused.def"
#undef VNET_CALL
#undef VNET_REFUSED
#undef VNET_REFUSED_FD
#undef VNET_BY_HAND
#undef VNET_ALIAS
  kCount
};

// Null: nobody defines it. Found when first asked for, which may be before main(), or all at once by find_all(); after that
// async-signal-safe.
[[nodiscard]] void* find_next(Name name);
void find_all();

// "NAME: is not in this C library", and aborts.
[[noreturn]] void missing(Name name);

template <class Function>
[[nodiscard]] Function* next(Name name) {
  void* const found = find_next(name);
  if (found == nullptr) missing(name);
  return reinterpret_cast<Function*>(found);
}

}  // namespace selfconnect::vnet
