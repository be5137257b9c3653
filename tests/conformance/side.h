// One side of the comparison: plays a sequence from a fresh start and says what came of each call.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "call.h"

namespace selfconnect::conformance {

// A line per call, "0 | s0:out", and one of the end.
using Trace = std::vector<std::string>;

class CallGuard;
class Stack;

using Ports = std::array<std::uint16_t, kPorts>;

class Side {
 public:
  virtual ~Side() = default;

  // What is to be done on its calls, with ports that nobody has used before, and `guard` told of each call that may wait for ever.
  using Body = std::function<void(Stack& stack, const Ports& ports, CallGuard& guard)>;
  virtual void run(bool forced, const Body& body) = 0;
  [[nodiscard]] Trace play(const Sequence& sequence);
  [[nodiscard]] virtual std::string_view name() const = 0;
};

}  // namespace selfconnect::conformance
