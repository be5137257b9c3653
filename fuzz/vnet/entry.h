// How a name of the C library is taken: the definition that follows goes by the name itself, for shared libraries, and by __wrap_NAME,
// to which the linker's --wrap leads static ones. Under identifiers of its own: the headers' declarations differ in what they promise.
// SPDX-License-Identifier: MIT
#pragma once

#define VNET_ENTRY(result, name, parameters)                                                            \
  extern "C" result vnet_##name parameters __asm__(#name);                                              \
  extern "C" __attribute__((alias(#name))) result vnet_wrap_##name parameters __asm__("__wrap_" #name); \
  extern "C" __attribute__((visibility("default"))) result vnet_##name parameters

// `alias` is another name for `name`, which is taken in the same file.
#define VNET_ENTRY_ALIAS(alias_name, name)                                                               \
  extern "C" __attribute__((alias(#name))) decltype(vnet_##name) vnet_##alias_name __asm__(#alias_name); \
  extern "C" __attribute__((alias(#name))) decltype(vnet_##name) vnet_wrap_##alias_name __asm__(         \
      "__wrap_" #alias_name);
