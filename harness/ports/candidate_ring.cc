// SPDX-License-Identifier: MIT
#include "harness/ports/candidate_ring.h"

#include <algorithm>
#include <bitset>
#include <limits>

namespace selfconnect {

std::vector<std::uint16_t> CandidateRing::candidates() const {
  std::vector<std::uint16_t> ports;
  for (const ScanEnd& end : places) {
    if (end.port) ports.push_back(*end.port);
  }
  std::ranges::sort(ports);
  const auto repeated = std::ranges::unique(ports);
  ports.erase(repeated.begin(), repeated.end());
  return ports;
}

std::size_t CandidateRing::places_leading_to(std::uint16_t port) const {
  return static_cast<std::size_t>(std::ranges::count(places, std::optional(port), &ScanEnd::port));
}

bool CandidateRing::skips_nothing() const {
  return std::ranges::all_of(places, [](const ScanEnd& end) { return end.port && end.skipped == 0; });
}

bool goes_by_parity(PolicyKind model) {
  return model == PolicyKind::kLinux4_2 || model == PolicyKind::kLinux5_18;
}

CandidateRing candidate_ring(PolicyKind model, const PortLayout& layout) {
  const int length = layout.high - layout.low + 1;
  const int step = goes_by_parity(model) && length > 1 ? 2 : 1;
  const int tries = length / step;                                        // of one pass
  const int first = model == PolicyKind::kFreebsd && length > 1 ? 1 : 0;  // it does not start at the lowest
  std::bitset<65536> reserved;
  for (const std::uint16_t port : layout.reserved) reserved.set(port);
  CandidateRing ring{.places = std::vector<ScanEnd>(static_cast<std::size_t>(tries - first))};
  // What the first pass finds replaces what the second one would. Each pass backwards, from where the last scan ends.
  for (int pass = step - 1; pass >= 0; --pass) {
    int nearest = std::numeric_limits<int>::max();
    std::uint16_t port = 0;
    for (int place = 2 * tries - 1; place >= first; --place) {
      int offset = step * place + pass;
      if (offset >= length) offset -= step * tries;
      const auto here = static_cast<std::uint16_t>(layout.low + offset);
      if (!reserved.test(here)) {
        nearest = place;
        port = here;
      }
      if (place < tries && nearest - place < tries) {
        ring.places[static_cast<std::size_t>(place - first)] = {port,
                                                                static_cast<std::uint16_t>(nearest - place)};
      }
    }
  }
  return ring;
}

}  // namespace selfconnect
