// SPDX-License-Identifier: MIT
#include "harness/trace/open_flows.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace selfconnect {

namespace {

struct PackedEndpoint {
  std::uint64_t high = 0, low = 0;  // the address
  std::uint64_t port = 0;

  auto operator<=>(const PackedEndpoint&) const = default;
};

PackedEndpoint pack(const Endpoint& endpoint) {
  std::array<std::uint64_t, 2> words{};
  const std::string_view bytes = endpoint.address.bytes();
  std::memcpy(words.data(), bytes.data(), bytes.size());
  return {words[0], words[1], endpoint.port};
}

}  // namespace

FlowKey FlowKey::of(const TcpPacket& packet) {
  PackedEndpoint a = pack(packet.source);
  PackedEndpoint b = pack(packet.destination);
  if (b < a) std::swap(a, b);
  const auto family = static_cast<std::uint64_t>(packet.source.address.family());
  return {{a.high, a.low, b.high, b.low, family << 32U | a.port << 16U | b.port}};
}

std::size_t FlowKeyHash::operator()(const FlowKey& key) const {
  std::uint64_t hash = 0;
  for (const std::uint64_t word : key.words) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 32U;
  }
  return hash * 0xff51afd7ed558ccdU;
}

OpenFlows::OpenFlows(std::size_t limit) : limit_(limit) {
  slots_.reserve(limit);  // so that references stay; the pages are not touched before they are used
}

Flow* OpenFlows::find(const FlowKey& key) {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &slots_[found->second].flow;
}

Flow& OpenFlows::insert(const FlowKey& key) {
  std::uint32_t at = 0;
  if (free_.empty()) {
    at = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    at = free_.back();
    free_.pop_back();
  }
  Slot& slot = slots_[at];
  slot.flow = Flow{.key = key};
  slot.older = newest_;
  slot.newer = kNone;
  if (newest_ != kNone) slots_[newest_].newer = at;
  newest_ = at;
  if (oldest_ == kNone) oldest_ = at;
  index_.emplace(key, at);
  return slot.flow;
}

void OpenFlows::erase(const FlowKey& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return;
  const std::uint32_t at = found->second;
  index_.erase(found);
  const Slot& slot = slots_[at];
  (slot.older == kNone ? oldest_ : slots_[slot.older].newer) = slot.newer;
  (slot.newer == kNone ? newest_ : slots_[slot.newer].older) = slot.older;
  free_.push_back(at);
}

}  // namespace selfconnect
