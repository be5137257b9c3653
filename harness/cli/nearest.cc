// SPDX-License-Identifier: MIT
#include "harness/cli/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace selfconnect {

namespace {

std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() +
                               1);  // of the usual table, the row for the letters of `from` so far
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({replaced, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> choices) {
  const auto best = std::ranges::min_element(choices, {}, [&](const auto& c) { return distance(word, c); });
  if (best == choices.end() || distance(word, *best) > word.size() / 3) return {};
  return *best;
}

std::string unknown_word(std::string_view noun, std::string_view word, std::span<const std::string> choices) {
  if (const auto near = nearest(word, choices)) {
    return fmt::format("unknown {} '{}': did you mean {}?", noun, word, *near);
  }
  return fmt::format("unknown {} '{}': expected one of {}", noun, word, fmt::join(choices, ", "));
}

}  // namespace selfconnect
