// Plays a sequence on two sides, and finds the shortest one that still tells them apart.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "side.h"

namespace selfconnect::conformance {

struct Difference {
  Sequence sequence;
  Trace one, other;
};

class Comparison {
 public:
  Comparison(Side& one, Side& other) : one_(one), other_(other) {}

  // A difference, where it is there in each of three plays: the kernel defers a segment now and then, when it is busy.
  std::optional<Difference> difference(const Sequence& sequence);
  // Differences that did not repeat.
  [[nodiscard]] std::uint64_t unrepeated() const { return unrepeated_; }

  // Leaves calls out, and replaces operands by simpler ones, while a difference remains.
  Difference shrink(Difference difference);

 private:
  std::optional<Difference> play(const Sequence& sequence);

  Side& one_;
  Side& other_;
  std::uint64_t unrepeated_ = 0;
};

// Both traces, call by call, with a mark where they differ.
[[nodiscard]] std::string describe(const Difference& difference, const Side& one, const Side& other);

}  // namespace selfconnect::conformance
