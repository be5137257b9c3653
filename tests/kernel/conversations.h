// What a capture has of each connect(): its SYN, and what then went to and fro. Made of the packets alone, by sequence and
// endpoints; knows nothing of flow tables, attempts and directors, for it is what they are held against.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/schedule/event.h"
#include "harness/trace/packet.h"
#include "harness/trace/packet_store.h"

namespace selfconnect::testing {

struct Segment {
  std::size_t index = 0;  // in the capture
  Side from = Side::kTarget;
  std::uint8_t flags = 0;
  std::string payload;
};

struct Conversation {
  std::uint16_t source_port = 0;
  std::uint32_t first_sequence = 0;
  std::vector<Segment> segments;  // the first one is the SYN; what is sent again is not told again
  std::array<std::optional<std::uint32_t>, 2> next{};  // sequence number of what a side has not sent yet

  [[nodiscard]] std::size_t begin() const { return segments.front().index; }
  // "> SYN  < SYN ACK  > ACK  < 5 bytes"
  [[nodiscard]] std::string text() const;
};

// By destination, in order of their SYNs.
using Conversations = std::map<Endpoint, std::vector<Conversation>>;
[[nodiscard]] Conversations conversations_of(const PacketStore& packets);

// What of `conversation` cannot be, if its attempt met `event` at a far end that says `greeting` where it serves. Empty: nothing.
[[nodiscard]] std::string contradiction(const Event& event, const Conversation& conversation,
                                        const std::string& greeting);

// When a self-connection was first ended, as an index of the capture; none: it was open to the end.
[[nodiscard]] std::size_t end_of(const Conversation& self_connection);

}  // namespace selfconnect::testing
