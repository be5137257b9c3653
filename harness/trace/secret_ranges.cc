// SPDX-License-Identifier: MIT
#include "harness/trace/secret_ranges.h"

#include <algorithm>

namespace selfconnect {

namespace {

using Ranges = std::map<std::uint32_t, std::uint32_t>;

// Fills what of the range [begin, begin + length) lies in a payload of sequence numbers from `first` on.
// Sequence numbers wrap around (RFC 9293 3.4), so only differences mean something.
void fill(std::string& bytes, const TcpPacket& packet, std::uint32_t first, std::uint32_t begin,
          std::uint32_t length) {
  const std::int64_t from = static_cast<std::int32_t>(begin - first);
  const auto captured = static_cast<std::int64_t>(packet.payload.size());
  const std::int64_t low = std::clamp<std::int64_t>(from, 0, captured);
  const std::int64_t high = std::clamp<std::int64_t>(from + length, 0, captured);
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(packet.payload_offset) + low, high - low, '*');
}

}  // namespace

void SecretRanges::add(const Endpoint& source, const Endpoint& destination, std::uint32_t begin,
                       std::uint32_t length, Seen seen) {
  if (seen == Seen::kWhole && size_ >= kLimit / 2) return;
  if (size_ >= kLimit) {
    overflowed_ = true;
    return;
  }
  auto& known = directions_[{source, destination}][begin];
  if (known == 0) ++size_;
  known = std::max(known, length);
  longest_ = std::max(longest_, length);
}

void SecretRanges::redact(std::string& bytes, std::size_t original_length,
                          const SecretPatterns& patterns) const {
  const auto packet = decode_packet(bytes, original_length);
  if (!packet || packet->payload.empty()) return;
  const auto payload = bytes.begin() + static_cast<std::ptrdiff_t>(packet->payload_offset);
  if (overflowed_) {
    std::fill_n(payload, packet->payload.size(), '*');
    return;
  }
  const auto matches = patterns.find(packet->payload);
  for (const SecretMatch& match : matches) {
    const std::size_t length = std::min<std::size_t>(match.length, packet->payload.size() - match.offset);
    std::fill_n(payload + static_cast<std::ptrdiff_t>(match.offset), length, '*');
  }

  const auto direction = directions_.find({packet->source, packet->destination});
  if (direction == directions_.end()) return;
  const std::uint32_t first = packet->sequence + (packet->has(kTcpSyn) ? 1U : 0U);
  const std::uint32_t from = first - longest_;
  const std::uint32_t to = first + static_cast<std::uint32_t>(packet->payload.size());
  const Ranges& ranges = direction->second;
  const auto fill_between = [&](std::uint32_t low, std::uint32_t high) {
    for (auto it = ranges.lower_bound(low); it != ranges.end() && it->first <= high; ++it) {
      fill(bytes, *packet, first, it->first, it->second);
    }
  };
  if (from <= to) {
    fill_between(from, to);
  } else {
    fill_between(from, UINT32_MAX);
    fill_between(0, to);
  }
}

}  // namespace selfconnect
