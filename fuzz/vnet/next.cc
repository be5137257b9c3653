// SPDX-License-Identifier: MIT
#include "fuzz/vnet/next.h"

#include <dlfcn.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>

#include "fuzz/vnet/real.h"
#include "fuzz/vnet/refuse.h"
#include "fuzz/vnet/seal.h"

namespace selfconnect::vnet {

namespace {

constexpr std::size_t kNames = static_cast<std::size_t>(Name::kCount);

// In the order of the enumerators.
constexpr std::array<const char*, kNames> kText = {
#define VNET_CALL(result, name, parameters, arguments) #name,
#define VNET_REFUSED(result, name, parameters, arguments, why) #name,
#define VNET_REFUSED_FD(result, name, parameters, arguments, descriptors) #name,
#define VNET_BY_HAND(name) #name,
#define VNET_ALIAS(name, of)
#include "fuzz/vnet/by_hand.def"
#include "fuzz/vnet/calls.def"
#include "fuzz/vnet/refused.def"
#undef VNET_CALL
#undef VNET_REFUSED
#undef VNET_REFUSED_FD
#undef VNET_BY_HAND
#undef VNET_ALIAS
};

constinit std::array<std::atomic<void*>, kNames> found_so_far{};

void* look_up(const char* name) {
  std::array<char, 64> interceptor;
  std::snprintf(interceptor.data(), interceptor.size(), "__interceptor_%s", name);
  void* const sanitized = dlsym(RTLD_DEFAULT, interceptor.data());
  return sanitized != nullptr ? sanitized : dlsym(RTLD_NEXT, name);
}

// Before main(): a handler of the engine may strike at any time after it, and dlsym() is not async-signal-safe.
[[gnu::constructor]] void find_all_early() { find_all(); }

}  // namespace

void* find_next(Name name) {
  const auto index = static_cast<std::size_t>(name);
  void* found = found_so_far[index].load(std::memory_order_relaxed);
  if (found == nullptr) {
    found = look_up(kText[index]);
    found_so_far[index].store(found, std::memory_order_relaxed);
  }
  return found;
}

void find_all() {
  for (std::size_t index = 0; index < kNames; ++index) static_cast<void>(find_next(static_cast<Name>(index)));
}

void missing(Name name) { refuse(kText[static_cast<std::size_t>(name)], "is not in this C library"); }

namespace real {

#define VNET_CALL(result, name, parameters, arguments) \
  result name parameters { return next<result parameters>(Name::name) arguments; }
#include "fuzz/vnet/calls.def"
#undef VNET_CALL

int fcntl(int fd, int command, long argument) {
  return next<int(int, int, ...)>(Name::fcntl)(fd, command, argument);
}

int ioctl(int fd, unsigned long request, void* argument) {
  return next<int(int, unsigned long, ...)>(Name::ioctl)(fd, request, argument);
}

int sigaction(int number, const struct sigaction* action, struct sigaction* before) {
  return next<int(int, const struct sigaction*, struct sigaction*)>(Name::sigaction)(number, action, before);
}

void before_first_run() { seal(); }

}  // namespace real

}  // namespace selfconnect::vnet
