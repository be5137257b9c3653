// How often something happened, with an interval that holds for any count. Pure.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace selfconnect {

struct Proportion {
  double value = 0;
  double low = 0;
  double high = 1;

  bool operator==(const Proportion&) const = default;
};

// `count` out of `total`, and the exact interval (Clopper and Pearson, 1934) that has the true value in it with at least
// the given confidence. Of nothing at all nothing is known: [0, 1]. Needs count <= total.
[[nodiscard]] Proportion proportion(std::uint64_t count, std::uint64_t total, double confidence = 0.95);

}  // namespace selfconnect
