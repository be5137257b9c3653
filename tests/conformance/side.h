// One side of the comparison: plays a sequence from a fresh start and says what came of each call.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "call.h"

namespace selfconnect::conformance {

// A line per call, "0 | s0:out", and one of the end.
using Trace = std::vector<std::string>;

class Side {
 public:
  virtual ~Side() = default;
  virtual Trace play(const Sequence& sequence) = 0;
  [[nodiscard]] virtual std::string_view name() const = 0;
};

}  // namespace selfconnect::conformance
