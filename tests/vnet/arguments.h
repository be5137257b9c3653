// Arguments for calls of which only the name matters.
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <type_traits>

namespace selfconnect::vnet {

// Those that the kernel turns down at once, and a duration of nothing.
struct Harmless {
  template <class Argument>
  static Argument make() {
    if constexpr (std::same_as<Argument, unsigned int>) {
      return 0;
    } else if constexpr (std::integral<Argument>) {
      return static_cast<Argument>(-1);
    } else {
      return Argument{};
    }
  }
};

// Every int is `Fd`.
template <int Fd>
struct WithDescriptor {
  template <class Argument>
  static Argument make() {
    if constexpr (std::same_as<Argument, int>) {
      return Fd;
    } else {
      return Harmless::make<Argument>();
    }
  }
};

template <class Maker, class Result, class... Arguments>
void call_with(Result (*function)(Arguments...)) {
  static_cast<void>(function(Maker::template make<Arguments>()...));
}

}  // namespace selfconnect::vnet
