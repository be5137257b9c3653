// The capture and the flow table on what the kernel really puts on the wire.
// SPDX-License-Identifier: MIT
#include "harness/trace/capture.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "fresh_net.h"
#include "harness/trace/flow_table.h"

namespace selfconnect {
namespace {

using testing::dial;
using testing::force_source_port;
using testing::in_fresh_net;

const Endpoint kIpv4 = {Address::loopback(Family::kIpv4), 50000};
const Endpoint kIpv6 = {Address::loopback(Family::kIpv6), 50000};

Capture open_capture() {
  UniqueFd socket(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return Capture::open(std::move(socket), std::chrono::steady_clock::now()).value();
}

struct Seen {
  TcpPacket packet;  // without its payload's bytes
  Instant at{};
};

std::vector<Seen> drain_all(Capture& capture, FlowTable* flows = nullptr) {
  std::vector<Seen> all;
  const auto take = [&](const CapturedPacket& captured) {
    auto packet = decode_packet(captured.bytes, captured.original_length);
    ASSERT_TRUE(packet);
    if (flows != nullptr) flows->add(*packet, captured.at);
    packet->payload = {};
    all.push_back({*packet, captured.at});
  };
  EXPECT_TRUE(capture.drain(100'000, take).has_value());
  return all;
}

void close_with_reset(UniqueFd socket) {
  const linger hard = {.l_onoff = 1, .l_linger = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

TEST(CaptureTest, SeesTheHandshakeOfASelfConnectionOnce) {
  for (const Endpoint& self : {kIpv4, kIpv6}) {
    in_fresh_net([&] {
      force_source_port(50000);
      Capture capture = open_capture();
      const UniqueFd socket = dial(self);
      ASSERT_TRUE(socket);
      const auto seen = drain_all(capture);
      ASSERT_EQ(seen.size(), 3U);
      EXPECT_EQ(seen[0].packet.flags, kTcpSyn);
      EXPECT_EQ(seen[1].packet.flags, kTcpSyn | kTcpAck);
      EXPECT_EQ(seen[2].packet.flags, kTcpAck);
      for (const Seen& one : seen) {
        EXPECT_EQ(one.packet.source, self);
        EXPECT_TRUE(one.packet.to_itself());
      }
      EXPECT_EQ(capture.captured(), 3U);
      EXPECT_EQ(capture.lost().value(), 0U);
    });
  }
}

TEST(CaptureTest, StampsPacketsWithTheTimeOfThePhase) {
  in_fresh_net([] {
    force_source_port(50000);
    Capture capture = open_capture();
    const auto before = std::chrono::steady_clock::now();
    capture.restart(before);
    const UniqueFd socket = dial(kIpv4);
    const auto seen = drain_all(capture);
    const Instant after = std::chrono::steady_clock::now() - before;
    ASSERT_EQ(seen.size(), 3U);
    constexpr Instant kClockError = std::chrono::milliseconds(5);  // two clocks are read one after the other
    EXPECT_GE(seen.front().at, -kClockError);
    EXPECT_LE(seen.back().at, after);
    EXPECT_TRUE(std::ranges::is_sorted(seen, {}, &Seen::at));
  });
}

TEST(CaptureTest, FollowsSelfConnectionAndRefusal) {
  in_fresh_net([] {
    Capture capture = open_capture();
    FlowTable flows;
    EXPECT_FALSE(dial(kIpv4));
    force_source_port(50000);
    UniqueFd socket = dial(kIpv4);
    ASSERT_EQ(write(socket.get(), "PING\r\n", 6), 6);
    drain_all(capture, &flows);
    EXPECT_EQ(flows.open_self_connections(), 1U);
    close_with_reset(std::move(socket));
    drain_all(capture, &flows);

    const AttemptLog log = flows.log();
    ASSERT_EQ(log.kept.size(), 2U);
    EXPECT_EQ(log.kept[0].outcome, Outcome::kRefused);
    EXPECT_EQ(log.kept[1].outcome, Outcome::kSelfConnected);
    EXPECT_EQ(log.kept[1].sent, 6U);
    EXPECT_EQ(log.kept[1].sent_head, "PING\r\n");
    EXPECT_EQ(log.kept[1].ending, Ending::kReset);
    EXPECT_EQ(flows.open_self_connections(), 0U);
  });
}

TEST(CaptureTest, SeesASelfConnectionCloseByFin) {
  in_fresh_net([] {
    Capture capture = open_capture();
    FlowTable flows;
    force_source_port(50000);
    dial(kIpv6).reset();
    drain_all(capture, &flows);
    ASSERT_EQ(flows.log().kept.size(), 1U);
    EXPECT_EQ(flows.log().kept[0].ending, Ending::kFin);
    EXPECT_EQ(flows.log().kept[0].sent, 0U);
  });
}

TEST(CaptureTest, CountsEveryByteASelfConnectionSent) {
  in_fresh_net([] {
    Capture capture = open_capture();
    FlowTable flows;
    force_source_port(50000);
    const UniqueFd socket = dial(kIpv4);
    const std::string text(200'000, 'x');
    std::string echo(text.size(), '\0');
    for (int round = 0; round < 10; ++round) {
      ASSERT_EQ(write(socket.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
      ASSERT_EQ(recv(socket.get(), echo.data(), echo.size(), MSG_WAITALL), static_cast<ssize_t>(echo.size()));
      drain_all(capture, &flows);
    }
    EXPECT_EQ(flows.log().kept.at(0).sent, 2'000'000U);
    EXPECT_EQ(flows.log().kept.at(0).sent_head.size(), kPayloadHead);
  });
}

TEST(CaptureTest, SeesOnlyTcp) {
  in_fresh_net([] {
    Capture capture = open_capture();
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_storage storage;
    const socklen_t size = kIpv4.to_sockaddr(storage);
    ASSERT_EQ(sendto(socket.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&storage), size), 1);
    EXPECT_EQ(capture.drain(10, [](const CapturedPacket&) {}).value(), 0U);
  });
}

TEST(CaptureTest, TellsHowManyPacketsItLost) {
  in_fresh_net([] {
    Capture capture = open_capture();
    const int small = 4096;
    ASSERT_EQ(setsockopt(capture.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(dial(kIpv4));  // 200 packets
    const std::uint64_t lost = capture.lost().value();
    EXPECT_GT(lost, 0U);
    drain_all(capture);
    EXPECT_EQ(capture.captured() + capture.lost().value(), 200U);
    EXPECT_EQ(capture.lost().value(), lost);
  });
}

}  // namespace
}  // namespace selfconnect
