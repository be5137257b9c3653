// SPDX-License-Identifier: MIT
#include "harness/trace/packet.h"

#include <gtest/gtest.h>

#include "packets.h"

namespace selfconnect {
namespace {

using testing::endpoint;
using testing::packet_bytes;
using testing::PacketParts;

PacketParts ipv4_parts() {
  return {.source = endpoint("127.0.0.1:40000"),
          .destination = endpoint("10.1.2.3:50000"),
          .flags = kTcpAck,
          .sequence = 0x01020304,
          .acknowledgement = 0xfffefdfc,
          .payload = "PING\r\n"};
}

PacketParts ipv6_parts() {
  return {.source = endpoint("[::1]:50000"), .destination = endpoint("[::1]:50000"), .payload = "hello"};
}

std::optional<TcpPacket> decode(const std::string& bytes) { return decode_packet(bytes, bytes.size()); }

TEST(PacketTest, DecodesIpv4) {
  const std::string bytes = packet_bytes(ipv4_parts());
  const auto packet = decode(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->source.text(), "127.0.0.1:40000");
  EXPECT_EQ(packet->destination.text(), "10.1.2.3:50000");
  EXPECT_EQ(packet->sequence, 0x01020304U);
  EXPECT_EQ(packet->acknowledgement, 0xfffefdfcU);
  EXPECT_EQ(packet->flags, kTcpAck);
  EXPECT_EQ(packet->payload, "PING\r\n");
  EXPECT_EQ(packet->payload_length, 6U);
  EXPECT_EQ(packet->payload_offset, 40U);
  EXPECT_FALSE(packet->to_itself());
}

TEST(PacketTest, StepsOverIpv4Options) {
  auto parts = ipv4_parts();
  parts.ip_options = std::string(8, '\x01');
  const std::string bytes = packet_bytes(parts);
  const auto packet = decode(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->source.port, 40000);
  EXPECT_EQ(packet->payload, "PING\r\n");
}

TEST(PacketTest, DecodesIpv6) {
  const std::string bytes = packet_bytes(ipv6_parts());
  const auto packet = decode(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->source.text(), "[::1]:50000");
  EXPECT_EQ(packet->payload, "hello");
  EXPECT_TRUE(packet->to_itself());
}

TEST(PacketTest, StepsOverIpv6ExtensionHeaders) {
  auto parts = ipv6_parts();
  parts.first_next_header = 0;                                                   // hop-by-hop
  parts.extension_headers = std::string("\x3c\x00", 2) + std::string(6, '\0') +  // then destination options
                            std::string("\x06\x01", 2) + std::string(14, '\0');  // then TCP
  const std::string bytes = packet_bytes(parts);
  const auto packet = decode(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->payload, "hello");
  EXPECT_EQ(packet->payload_offset, 40U + 8U + 16U + 20U);
}

TEST(PacketTest, RejectsIpv6Fragments) {
  auto parts = ipv6_parts();
  parts.first_next_header = 44;
  parts.extension_headers = std::string("\x06\x00", 2) + std::string(6, '\0');
  EXPECT_FALSE(decode(packet_bytes(parts)));
}

TEST(PacketTest, RejectsIpv4Fragments) {
  auto parts = ipv4_parts();
  parts.fragment = 0x2000;
  EXPECT_FALSE(decode(packet_bytes(parts)));
  parts.fragment = 0x0004;
  EXPECT_FALSE(decode(packet_bytes(parts)));
  parts.fragment = 0x4000;  // "don't fragment" is none
  EXPECT_TRUE(decode(packet_bytes(parts)));
}

TEST(PacketTest, RejectsOtherProtocols) {
  auto parts = ipv4_parts();
  parts.protocol = 17;
  EXPECT_FALSE(decode(packet_bytes(parts)));
  auto six = ipv6_parts();
  six.first_next_header = 58;
  EXPECT_FALSE(decode(packet_bytes(six)));
  EXPECT_FALSE(decode("\x50 neither version 4 nor 6, but long enough for a header of either"));
  EXPECT_FALSE(decode(""));
}

TEST(PacketTest, RejectsEveryCutBeforeThePayload) {
  for (const auto& parts : {ipv4_parts(), ipv6_parts()}) {
    const std::string bytes = packet_bytes(parts);
    const std::size_t headers = bytes.size() - parts.payload.size();
    for (std::size_t n = 0; n < headers; ++n) {
      const std::string cut = bytes.substr(0, n);  // a copy, so that a sanitizer sees reads beyond it
      EXPECT_FALSE(decode_packet(cut, bytes.size())) << n;
    }
    const std::string cut = bytes.substr(0, headers + 2);
    const auto packet = decode_packet(cut, bytes.size());
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->payload, parts.payload.substr(0, 2));
    EXPECT_EQ(packet->payload_length, parts.payload.size());
  }
}

TEST(PacketTest, IgnoresBytesBeyondTheIpLength) {
  const std::string bytes = packet_bytes(ipv4_parts()) + "padding of a short frame";
  const auto packet = decode(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->payload, "PING\r\n");
}

TEST(PacketTest, RejectsLengthsThatContradict) {
  std::string short_tcp_header = packet_bytes(ipv4_parts());
  short_tcp_header[20 + 12] = '\x40';
  EXPECT_FALSE(decode(short_tcp_header));
  std::string long_tcp_header = packet_bytes(ipv4_parts());
  long_tcp_header[20 + 12] = '\xf0';
  EXPECT_FALSE(decode(long_tcp_header));
  std::string short_total = packet_bytes(ipv4_parts());
  short_total[3] = 39;
  EXPECT_FALSE(decode(short_total));
  std::string short_ip_header = packet_bytes(ipv4_parts());
  short_ip_header[0] = '\x44';
  EXPECT_FALSE(decode(short_ip_header));
}

TEST(PacketTest, TakesTheOriginalLengthWhereTheIpLengthIsZero) {
  std::string bytes = packet_bytes(ipv4_parts());
  bytes[2] = bytes[3] = 0;
  const auto packet = decode_packet(bytes, 100'040);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->payload_length, 100'000U);
  EXPECT_EQ(packet->payload, "PING\r\n");
}

}  // namespace
}  // namespace selfconnect
