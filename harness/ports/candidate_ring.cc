// SPDX-License-Identifier: MIT
#include "harness/ports/candidate_ring.h"

#include <algorithm>

namespace selfconnect {

namespace {

CandidateRing ring_of(const PortLayout& layout, int first, int step, int slots) {
  CandidateRing ring{.first = static_cast<std::uint16_t>(first),
                     .step = static_cast<std::uint16_t>(step),
                     .usable = std::vector<bool>(static_cast<std::size_t>(slots), true)};
  for (const std::uint16_t port : layout.reserved) {
    if (const auto slot = ring.slot_of(port)) ring.usable[*slot] = false;
  }
  return ring;
}

}  // namespace

std::size_t CandidateRing::candidates() const {
  return static_cast<std::size_t>(std::ranges::count(usable, true));
}

std::optional<std::size_t> CandidateRing::slot_of(std::uint16_t port) const {
  if (port < first || (port - first) % step != 0) return std::nullopt;
  const auto slot = static_cast<std::size_t>((port - first) / step);
  return slot < slots() ? std::optional(slot) : std::nullopt;
}

std::size_t CandidateRing::starts_leading_to(std::size_t slot) const {
  std::size_t starts = 1;
  while (starts < slots() && !usable[(slot + slots() - starts) % slots()]) ++starts;
  return starts;
}

CandidateRing candidate_ring(PolicyKind model, const PortLayout& layout) {
  const int length = layout.high - layout.low + 1;
  const bool by_parity = model == PolicyKind::kLinux4_2 || model == PolicyKind::kLinux5_18;
  const int passes = by_parity && length > 1 ? 2 : 1;
  for (int pass = 0; pass < passes; ++pass) {
    CandidateRing ring = ring_of(layout, layout.low + pass, passes, length / passes);
    if (ring.candidates() > 0) return ring;
  }
  return {};
}

}  // namespace selfconnect
