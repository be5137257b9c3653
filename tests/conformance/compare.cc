// SPDX-License-Identifier: MIT
#include "compare.h"

#include <fmt/format.h>

#include <utility>

namespace selfconnect::conformance {

namespace {

constexpr int kPlays = 3;

}  // namespace

std::optional<Difference> Comparison::play(const Sequence& sequence) {
  Difference found{.sequence = sequence, .one = one_.play(sequence), .other = other_.play(sequence)};
  if (found.one == found.other) return std::nullopt;
  return found;
}

std::optional<Difference> Comparison::difference(const Sequence& sequence) {
  std::optional<Difference> found;
  for (int count = 0; count < kPlays; ++count) {
    auto again = play(sequence);
    if (!again) {
      if (count > 0) ++unrepeated_;
      return std::nullopt;
    }
    found = std::move(again);
  }
  return found;
}

Difference Comparison::shrink(Difference difference) {
  const auto take = [&](const Sequence& simpler) {
    auto still = this->difference(simpler);
    if (still) difference = std::move(*still);
    return still.has_value();
  };
  for (bool progress = true; progress;) {
    progress = false;
    for (std::size_t index = difference.sequence.calls.size(); index-- > 0;) {
      Sequence simpler = difference.sequence;
      simpler.calls.erase(simpler.calls.begin() + static_cast<std::ptrdiff_t>(index));
      progress |= take(simpler);
    }
    for (std::size_t index = 0; index < difference.sequence.calls.size(); ++index) {
      for (std::size_t operand = 0; operand < kMostOperands; ++operand) {
        Sequence simpler = difference.sequence;
        if (std::exchange(simpler.calls[index].operands[operand], 0) != 0) progress |= take(simpler);
      }
    }
    if (difference.sequence.forced) {
      Sequence simpler = difference.sequence;
      simpler.forced = false;
      progress |= take(simpler);
    }
  }
  return difference;
}

std::string describe(const Difference& difference, const Side& one, const Side& other) {
  std::string text = print(difference.sequence) + "\n";
  for (std::size_t index = 0; index < difference.one.size(); ++index) {
    const auto& calls = difference.sequence.calls;
    const bool same = difference.one[index] == difference.other[index];
    text +=
        fmt::format("  {}{}", same ? "" : "* ", index < calls.size() ? print(calls[index]) : "(all closed)");
    text += same ? fmt::format(" = {}\n", difference.one[index])
                 : fmt::format("\n      {:6} = {}\n      {:6} = {}\n", one.name(), difference.one[index],
                               other.name(), difference.other[index]);
  }
  return text;
}

}  // namespace selfconnect::conformance
