// SPDX-License-Identifier: MIT
#include "harness/trace/sock_diag.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "fresh_net.h"

namespace selfconnect {
namespace {

using testing::dial;
using testing::force_source_port;
using testing::in_fresh_net;

const Endpoint kIpv4 = {Address::loopback(Family::kIpv4), 50000};
const Endpoint kIpv6 = {Address::loopback(Family::kIpv6), 50000};

SockDiag open_sock_diag() {
  return SockDiag(UniqueFd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)));
}

UniqueFd listen_on(const Endpoint& endpoint) {
  sockaddr_storage storage;
  const socklen_t size = endpoint.to_sockaddr(storage);
  UniqueFd socket(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(bind(socket.get(), reinterpret_cast<const sockaddr*>(&storage), size), 0);
  EXPECT_EQ(listen(socket.get(), 1), 0);
  return socket;
}

TEST(SockDiagTest, ReportsASelfConnection) {
  for (const Endpoint& self : {kIpv4, kIpv6}) {
    in_fresh_net([&] {
      force_source_port(50000);
      const UniqueFd socket = dial(self);
      ASSERT_EQ(send(socket.get(), "hello", 5, 0), 5);
      const auto lines = open_sock_diag().sockets(50000, Instant(7));
      ASSERT_TRUE(lines) << lines.error().message;
      ASSERT_EQ(lines->size(), 1U);
      EXPECT_EQ(lines->front().state, TcpState::kEstablished);
      EXPECT_EQ(lines->front().local, self);
      EXPECT_EQ(lines->front().remote, self);
      EXPECT_EQ(lines->front().receive_queue, 5U);
      EXPECT_EQ(lines->front().at, Instant(7));
      EXPECT_NE(lines->front().inode, 0U);
    });
  }
}

TEST(SockDiagTest, LooksUpASelfConnection) {
  for (const Endpoint& self : {kIpv4, kIpv6}) {
    in_fresh_net([&] {
      force_source_port(50000);
      const UniqueFd socket = dial(self);
      const auto line = open_sock_diag().self_connection(self, Instant(7)).value();
      ASSERT_TRUE(line);
      EXPECT_EQ(*line, open_sock_diag().sockets(50000, Instant(7)).value().front());
    });
  }
}

TEST(SockDiagTest, TakesNoListenerForASelfConnection) {
  in_fresh_net([] {
    EXPECT_EQ(open_sock_diag().self_connection(kIpv4, {}).value(), std::nullopt);
    const UniqueFd listener = listen_on(kIpv4);
    EXPECT_EQ(open_sock_diag().self_connection(kIpv4, {}).value(), std::nullopt);
  });
}

TEST(SockDiagTest, ReportsListenersOfBothFamilies) {
  in_fresh_net([] {
    const UniqueFd four = listen_on(kIpv4);
    const UniqueFd six = listen_on(kIpv6);
    const auto lines = open_sock_diag().sockets(50000, {}).value();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].state, TcpState::kListen);
    EXPECT_EQ(lines[0].local, kIpv4);
    EXPECT_EQ(lines[1].local, kIpv6);
  });
}

TEST(SockDiagTest, LeavesOtherPortsOut) {
  in_fresh_net([] {
    const UniqueFd socket = listen_on({kIpv4.address, 50001});
    EXPECT_TRUE(open_sock_diag().sockets(50000, {}).value().empty());
    EXPECT_EQ(open_sock_diag().sockets(50001, {}).value().size(), 1U);
  });
}

TEST(SockDiagTest, DestroysATimeWait) {
  for (const Endpoint& self : {kIpv4, kIpv6}) {
    in_fresh_net([&] {
      force_source_port(50000);
      dial(self).reset();
      SockDiag sock_diag = open_sock_diag();
      const auto lines = sock_diag.sockets(50000, {}).value();
      ASSERT_EQ(lines.size(), 1U);
      EXPECT_EQ(lines[0].state, TcpState::kTimeWait);
      EXPECT_EQ(lines[0].inode, 0U);
      const auto destroyed = sock_diag.destroy(lines[0]);
      if (!destroyed && destroyed.error().code == EOPNOTSUPP) {
        GTEST_SKIP() << "needs tw-destroy: this kernel cannot destroy a TIME-WAIT";
      }
      ASSERT_TRUE(destroyed) << destroyed.error().message;
      EXPECT_TRUE(sock_diag.sockets(50000, {}).value().empty());
    });
  }
}

TEST(SockDiagTest, SaysWhatCouldNotBeDestroyed) {
  in_fresh_net([] {
    const auto destroyed =
        open_sock_diag().destroy({.state = TcpState::kTimeWait, .local = kIpv4, .remote = kIpv4});
    ASSERT_FALSE(destroyed);
    EXPECT_EQ(destroyed.error().code, ENOENT);
    EXPECT_NE(destroyed.error().message.find("127.0.0.1:50000"), std::string::npos);
  });
}

}  // namespace
}  // namespace selfconnect
