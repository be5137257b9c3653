// SPDX-License-Identifier: MIT
#include "harness/trace/packet.h"

#include <algorithm>
#include <array>

namespace selfconnect {

namespace {

constexpr std::uint8_t kProtocolTcp = 6;
constexpr std::size_t kMinimumIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kMinimumTcpHeader = 20;
constexpr int kMaxExtensionHeaders = 8;

std::uint8_t byte_at(std::string_view bytes, std::size_t offset) {
  return static_cast<std::uint8_t>(bytes[offset]);
}

std::uint16_t read_16(std::string_view bytes, std::size_t offset) {
  return static_cast<std::uint16_t>(byte_at(bytes, offset) << 8 | byte_at(bytes, offset + 1));
}

std::uint32_t read_32(std::string_view bytes, std::size_t offset) {
  return static_cast<std::uint32_t>(read_16(bytes, offset)) << 16 | read_16(bytes, offset + 2);
}

template <std::size_t N>
std::array<std::uint8_t, N> read_address(std::string_view bytes, std::size_t offset) {
  std::array<std::uint8_t, N> address{};
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), N, address.begin());
  return address;
}

// Where TCP begins, and where the packet ends on the wire, both from the start of the IP header.
struct IpHeader {
  Address source, destination;
  std::size_t tcp_offset = 0;
  std::size_t end = 0;
};

std::optional<IpHeader> decode_ipv4(std::string_view bytes, std::size_t original_length) {
  if (bytes.size() < kMinimumIpv4Header) return std::nullopt;
  const std::size_t header = (byte_at(bytes, 0) & 0x0fU) * 4U;
  const std::size_t total = read_16(bytes, 2);
  constexpr std::uint16_t kMoreFragmentsAndOffset = 0x3fff;
  const bool fragment = (read_16(bytes, 6) & kMoreFragmentsAndOffset) != 0;
  if (header < kMinimumIpv4Header || fragment || byte_at(bytes, 9) != kProtocolTcp) return std::nullopt;
  return IpHeader{.source = Address::v4(read_address<4>(bytes, 12)),
                  .destination = Address::v4(read_address<4>(bytes, 16)),
                  .tcp_offset = header,
                  .end = total == 0 ? original_length : total};
}

// An extension header that may stand before TCP and has the common shape: next header, length in 8 bytes.
bool steps_over(std::uint8_t header) {
  constexpr std::uint8_t kHopByHop = 0;
  constexpr std::uint8_t kRouting = 43;
  constexpr std::uint8_t kDestinationOptions = 60;
  return header == kHopByHop || header == kRouting || header == kDestinationOptions;
}

std::optional<IpHeader> decode_ipv6(std::string_view bytes, std::size_t original_length) {
  if (bytes.size() < kIpv6Header) return std::nullopt;
  const std::size_t payload = read_16(bytes, 4);
  std::uint8_t next = byte_at(bytes, 6);
  std::size_t offset = kIpv6Header;
  for (int i = 0; i < kMaxExtensionHeaders && steps_over(next); ++i) {
    if (bytes.size() < offset + 2) return std::nullopt;
    next = byte_at(bytes, offset);
    offset += (byte_at(bytes, offset + 1) + 1U) * 8U;
  }
  if (next != kProtocolTcp) return std::nullopt;
  return IpHeader{.source = Address::v6(read_address<16>(bytes, 8)),
                  .destination = Address::v6(read_address<16>(bytes, 24)),
                  .tcp_offset = offset,
                  .end = payload == 0 ? original_length : kIpv6Header + payload};
}

std::optional<IpHeader> decode_ip(std::string_view bytes, std::size_t original_length) {
  if (bytes.empty()) return std::nullopt;
  switch (byte_at(bytes, 0) >> 4U) {
    case 4:
      return decode_ipv4(bytes, original_length);
    case 6:
      return decode_ipv6(bytes, original_length);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<TcpPacket> decode_packet(std::string_view bytes, std::size_t original_length) {
  const auto ip = decode_ip(bytes, original_length);
  if (!ip || bytes.size() < ip->tcp_offset + kMinimumTcpHeader) return std::nullopt;
  const std::size_t header = (byte_at(bytes, ip->tcp_offset + 12) >> 4U) * 4U;
  const std::size_t payload_offset = ip->tcp_offset + header;
  if (header < kMinimumTcpHeader || payload_offset > bytes.size() || payload_offset > ip->end) {
    return std::nullopt;
  }
  const std::size_t payload_length = ip->end - payload_offset;
  return TcpPacket{.source = {ip->source, read_16(bytes, ip->tcp_offset)},
                   .destination = {ip->destination, read_16(bytes, ip->tcp_offset + 2)},
                   .sequence = read_32(bytes, ip->tcp_offset + 4),
                   .acknowledgement = read_32(bytes, ip->tcp_offset + 8),
                   .flags = byte_at(bytes, ip->tcp_offset + 13),
                   .payload = bytes.substr(payload_offset, payload_length),
                   .payload_offset = payload_offset,
                   .payload_length = static_cast<std::uint32_t>(payload_length)};
}

}  // namespace selfconnect
