// One captured frame, and what of it the recorders need: its TCP header and payload.
// Pure: views into the caller's bytes, which are trusted in nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>

#include "harness/net/endpoint.h"
#include "harness/trace/trace.h"

namespace selfconnect {

// A packet as the capture socket gave it: from the IP header on, no link header.
struct CapturedPacket {
  Instant at{};                     // since the phase began
  timespec stamp{};                 // the same moment on CLOCK_REALTIME, as that was set when the phase began
  std::string_view bytes;           // valid during the callback only
  std::size_t original_length = 0;  // on the wire; more than bytes.size() when cut off
};

// The flag bits of a TCP header (RFC 9293 3.1).
inline constexpr std::uint8_t kTcpFin = 0x01;
inline constexpr std::uint8_t kTcpSyn = 0x02;
inline constexpr std::uint8_t kTcpRst = 0x04;
inline constexpr std::uint8_t kTcpAck = 0x10;

struct TcpPacket {
  Endpoint source;
  Endpoint destination;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint8_t flags = 0;
  std::string_view payload;          // the captured part of it
  std::size_t payload_offset = 0;    // where it starts in the bytes that were decoded
  std::uint32_t payload_length = 0;  // on the wire, by the IP header

  [[nodiscard]] bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  // Sent by a socket to itself: same address, same port.
  [[nodiscard]] bool to_itself() const { return source == destination; }
};

// `bytes` start at the IP header. Nullopt when they are not TCP over IPv4 or IPv6, are cut off before the
// payload, contradict themselves, or are a fragment. IPv6 extension headers that may precede TCP (RFC 8200
// 4.1: hop-by-hop, routing, destination) are stepped over. `original_length` tells the payload's length where
// the IP header cannot: a length field of 0, as in packets of more than 64 KiB inside one machine.
[[nodiscard]] std::optional<TcpPacket> decode_packet(std::string_view bytes, std::size_t original_length);

}  // namespace selfconnect
