// SPDX-License-Identifier: MIT
#include "harness/ports/layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace selfconnect {

namespace {

constexpr int kLength =
    64;  // even: the kernel rounds down, and starts no scan at the last port of an odd range
constexpr int kLowest = 1;
constexpr int kHighest = 65535;

// The one port that the layout of `allocator` cannot be built around: the range would need port 0 or 65536.
bool has_no_neighbour(int port, Allocator allocator) {
  return allocator == Allocator::kConnect ? port == kHighest : port == kLowest;
}

}  // namespace

std::string PortLayout::range_text() const { return fmt::format("{} {}", low, high); }

std::string PortLayout::reserved_text() const { return fmt::format("{}", fmt::join(reserved, ",")); }

PortLayout forcing_layout(std::uint16_t port, Allocator allocator) {
  // The port's distance from the low bound: even for connect(), odd for bind(0). At the upper end it is the
  // largest one that keeps the range below 65536.
  const bool edge = has_no_neighbour(port, allocator);
  const bool odd_distance = (allocator == Allocator::kBind) != edge;
  int low = port - (odd_distance ? 1 : 0);
  if (low + kLength - 1 > kHighest) low = kHighest - kLength + 1;
  if ((port - low) % 2 != (odd_distance ? 1 : 0)) --low;
  low = std::max(low, kLowest);
  const int high = low + kLength - 1;

  PortLayout layout{
      .low = static_cast<std::uint16_t>(low), .high = static_cast<std::uint16_t>(high), .reserved = {}};
  for (int other = low; other <= high; ++other) {
    const bool same_parity = (other - port) % 2 == 0;
    if (other != port && (same_parity || edge)) layout.reserved.insert(static_cast<std::uint16_t>(other));
  }
  return layout;
}

PortLayout open_layout(std::set<std::uint16_t> never) { return {.reserved = std::move(never)}; }

Allocator allocator_of(std::uint16_t source_port) {
  return source_port % 2 == PortLayout{}.low % 2 ? Allocator::kConnect : Allocator::kBind;
}

}  // namespace selfconnect
