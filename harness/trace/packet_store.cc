// SPDX-License-Identifier: MIT
#include "harness/trace/packet_store.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace selfconnect {

namespace {

constexpr std::size_t kChunkSize = 128U << 10U;  // or one packet, where that is larger

struct RecordHead {
  timespec stamp;
  std::uint64_t original_length;
  std::uint32_t captured_length;
  PacketStore::Conversation conversation;
};

std::size_t record_size(const CapturedPacket& packet) { return sizeof(RecordHead) + packet.bytes.size(); }

// Calls visit(packet, conversation) for each record, in order of adding.
template <class Visit>
void each_record(const std::vector<char>& chunk, Visit visit) {
  for (std::size_t at = 0; at < chunk.size();) {
    RecordHead head;
    std::memcpy(&head, chunk.data() + at, sizeof head);
    at += sizeof head;
    visit(CapturedPacket{.stamp = head.stamp,
                         .bytes = {chunk.data() + at, head.captured_length},
                         .original_length = head.original_length},
          head.conversation);
    at += head.captured_length;
  }
}

}  // namespace

void PacketStore::add(const CapturedPacket& packet, Conversation conversation) {
  first_full_ = first_full_ || first_.size + record_size(packet) > limits_.first;
  if (!first_full_) return append(first_, packet, conversation);
  append(last_, packet, conversation);
  while (last_.size > limits_.last && last_.chunks.size() > 1) drop_oldest_chunk();
}

std::vector<CapturedPacket> PacketStore::packets() const {
  std::vector<CapturedPacket> all;
  // What a pile has was added before what the next one has.
  for (const Pile* pile : {&first_, &self_, &last_}) {
    for (const Chunk& chunk : pile->chunks) {
      each_record(chunk, [&](const CapturedPacket& packet, Conversation) { all.push_back(packet); });
    }
  }
  return all;
}

std::size_t PacketStore::memory() const {
  std::size_t bytes = 0;
  for (const Pile* pile : {&first_, &self_, &last_}) {
    for (const Chunk& chunk : pile->chunks) bytes += chunk.capacity();
  }
  return bytes;
}

void PacketStore::append(Pile& pile, const CapturedPacket& packet, Conversation conversation) {
  const std::size_t size = record_size(packet);
  if (pile.chunks.empty() || pile.chunks.back().size() + size > pile.chunks.back().capacity()) {
    pile.chunks.emplace_back().reserve(std::max(size, kChunkSize));
  }
  const RecordHead head = {.stamp = packet.stamp,
                           .original_length = packet.original_length,
                           .captured_length = static_cast<std::uint32_t>(packet.bytes.size()),
                           .conversation = conversation};
  Chunk& chunk = pile.chunks.back();
  const auto* head_bytes = reinterpret_cast<const char*>(&head);
  chunk.insert(chunk.end(), head_bytes, head_bytes + sizeof head);
  chunk.insert(chunk.end(), packet.bytes.begin(), packet.bytes.end());
  pile.size += size;
}

// Its packets are left out, but for those of self-connections while there is room for them.
void PacketStore::drop_oldest_chunk() {
  const Chunk chunk = std::move(last_.chunks.front());
  last_.chunks.pop_front();
  last_.size -= chunk.size();
  each_record(chunk, [this](const CapturedPacket& packet, Conversation conversation) {
    if (conversation == Conversation::kSelfConnection &&
        self_.size + record_size(packet) <= limits_.self_connections) {
      append(self_, packet, conversation);
    } else {
      ++left_out_;
    }
  });
}

}  // namespace selfconnect
