// The packets of a phase in bounded memory: the first, the last, and those of self-connections in between.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "harness/trace/packet.h"

namespace selfconnect {

class PacketStore {
 public:
  struct Limits {  // bytes, records' heads included
    std::size_t first = 2U << 20U;
    std::size_t last = 2U << 20U;
    std::size_t self_connections = 8U << 20U;
  };
  // What a packet belongs to, by its endpoints: TcpPacket::to_itself().
  enum class Conversation : std::uint8_t { kOther, kSelfConnection };

  PacketStore() : PacketStore(Limits{}) {}
  explicit PacketStore(Limits limits) : limits_(limits) {}

  void add(const CapturedPacket& packet, Conversation conversation);

  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }
  // What is kept, in the order added; `at` is not kept and is 0. The views live as long as the store is left
  // alone.
  [[nodiscard]] std::vector<CapturedPacket> packets() const;
  [[nodiscard]] std::size_t memory() const;  // bytes held

 private:
  // Packed records, so that a packet costs no allocation of its own.
  using Chunk = std::vector<char>;
  struct Pile {
    std::deque<Chunk> chunks;
    std::size_t size = 0;  // of the records
  };
  static void append(Pile& pile, const CapturedPacket& packet, Conversation conversation);
  void drop_oldest_chunk();

  Limits limits_;
  Pile first_, self_, last_;
  bool first_full_ = false;
  std::uint64_t left_out_ = 0;
};

}  // namespace selfconnect
