// Hand-made packets for the tests of the recorders.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/trace/packet.h"

namespace selfconnect::testing {

inline Endpoint endpoint(std::string_view text) { return Endpoint::parse(text).value(); }

inline std::string be16(std::uint32_t value) {
  return {static_cast<char>(value >> 8U & 0xffU), static_cast<char>(value & 0xffU)};
}
inline std::string be32(std::uint32_t value) { return be16(value >> 16U) + be16(value & 0xffffU); }

struct PacketParts {
  Endpoint source, destination;
  std::uint8_t flags = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::string payload;
  std::string ip_options;              // IPv4: a multiple of 4 bytes
  std::string extension_headers;       // IPv6
  std::uint8_t first_next_header = 6;  // IPv6
  std::uint8_t protocol = 6;           // IPv4
  std::uint16_t fragment = 0;          // IPv4: flags and offset
};

inline std::string tcp_bytes(const PacketParts& parts) {
  constexpr char kHeaderWords = 0x50;  // 20 bytes
  return be16(parts.source.port) + be16(parts.destination.port) + be32(parts.sequence) +
         be32(parts.acknowledgement) + kHeaderWords + static_cast<char>(parts.flags) + be16(65535) + be32(0) +
         parts.payload;
}

// From the IP header on; checksums are 0.
inline std::string packet_bytes(const PacketParts& parts) {
  const std::string tcp = tcp_bytes(parts);
  const std::string addresses =
      std::string(parts.source.address.bytes()) + std::string(parts.destination.address.bytes());
  if (parts.source.address.family() == Family::kIpv6) {
    const std::string rest = parts.extension_headers + tcp;
    return be32(0x60000000) + be16(static_cast<std::uint32_t>(rest.size())) +
           static_cast<char>(parts.first_next_header) + '\x40' + addresses + rest;
  }
  const auto header = static_cast<std::uint32_t>(20 + parts.ip_options.size());
  return std::string(1, static_cast<char>(0x40U | header / 4U)) + '\0' +
         be16(header + static_cast<std::uint32_t>(tcp.size())) + be16(0) + be16(parts.fragment) + '\x40' +
         static_cast<char>(parts.protocol) + be16(0) + addresses + parts.ip_options + tcp;
}

}  // namespace selfconnect::testing
