// SPDX-License-Identifier: MIT
#include "harness/ports/watched_connect.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "fresh_net.h"

namespace selfconnect {
namespace {

using How = ConnectOutcome::How;
using testing::in_fresh_net;

const Endpoint kDestination{Address::loopback(Family::kIpv4), 50'000};

UniqueFd bound_to(std::uint16_t port, int type = 0) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | type, 0));
  sockaddr_storage storage{};
  const socklen_t length = Endpoint{kDestination.address, port}.to_sockaddr(storage);
  EXPECT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&storage), length), 0);
  return socket;
}

// What the process's own connect() says afterwards.
int connect_again(int socket) {
  sockaddr_storage storage{};
  const socklen_t length = kDestination.to_sockaddr(storage);
  return connect(socket, reinterpret_cast<sockaddr*>(&storage), length) == 0 ? 0 : errno;
}

int error_of(int socket) {
  int error = 0;
  socklen_t size = sizeof(error);
  EXPECT_EQ(getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size), 0);
  return error;
}

ConnectAnswer watched(int socket) {
  sockaddr_storage storage{};
  (void)kDestination.to_sockaddr(storage);
  return watched_connect(socket, storage);
}

TEST(WatchedConnectTest, AnswersABlockingConnectWithItsRefusal) {
  in_fresh_net([] {
    const UniqueFd socket = bound_to(40'000);
    const ConnectAnswer answer = watched(socket.get());
    EXPECT_EQ(answer.outcome.how, How::kRefused);
    EXPECT_EQ(answer.outcome.source.port, 40'000);
    EXPECT_FALSE(answer.goes_on);
    EXPECT_EQ(answer.error, ECONNREFUSED);
    EXPECT_EQ(fcntl(socket.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(error_of(socket.get()), 0);
  });
}

TEST(WatchedConnectTest, AnswersABlockingConnectWithItsSelfConnection) {
  in_fresh_net([] {
    const UniqueFd socket = bound_to(50'000);
    const ConnectAnswer answer = watched(socket.get());
    EXPECT_EQ(answer.outcome.how, How::kConnected);
    EXPECT_TRUE(answer.outcome.to_itself());
    EXPECT_FALSE(answer.goes_on);
    EXPECT_EQ(answer.error, 0);
    EXPECT_EQ(connect_again(socket.get()), EISCONN);
    EXPECT_EQ(send(socket.get(), "x", 1, MSG_NOSIGNAL), 1);
  });
}

TEST(WatchedConnectTest, LeavesTheErrorOfANonBlockingConnectToTheProcess) {
  in_fresh_net([] {
    const UniqueFd socket = bound_to(40'000, SOCK_NONBLOCK);
    const ConnectAnswer answer = watched(socket.get());
    EXPECT_EQ(answer.outcome.how, How::kRefused);
    EXPECT_FALSE(answer.goes_on);
    EXPECT_EQ(answer.error, EINPROGRESS);
    EXPECT_EQ(error_of(socket.get()), ECONNREFUSED);
  });
}

TEST(WatchedConnectTest, TellsAServerFromASelfConnection) {
  in_fresh_net([] {
    const UniqueFd server = bound_to(50'000);
    ASSERT_EQ(listen(server.get(), 1), 0);
    const UniqueFd socket = bound_to(40'000);
    const ConnectAnswer answer = watched(socket.get());
    EXPECT_EQ(answer.outcome.how, How::kConnected);
    EXPECT_FALSE(answer.outcome.to_itself());
    EXPECT_EQ(answer.outcome.connected, kDestination);
  });
}

// A full backlog answers nothing: the call is bounded, and goes on as the process's own.
TEST(WatchedConnectTest, LeavesToTheProcessWhatIsNotAnsweredSoon) {
  in_fresh_net([] {
    const UniqueFd server = bound_to(50'000);
    ASSERT_EQ(listen(server.get(), 0), 0);
    const UniqueFd first = testing::dial(kDestination);
    ASSERT_TRUE(first);
    const UniqueFd socket = bound_to(40'000);
    const ConnectAnswer answer = watched(socket.get());
    EXPECT_EQ(answer.outcome.how, How::kPending);
    EXPECT_TRUE(answer.goes_on);
  });
}

TEST(WatchedConnectTest, CountsNoAttemptWithoutASyn) {
  in_fresh_net([] {
    const UniqueFd socket = bound_to(50'000);
    ASSERT_EQ(connect_again(socket.get()), 0);
    const ConnectAnswer answer = watched(socket.get());
    EXPECT_EQ(answer.outcome.how, How::kNotDialled);
    EXPECT_EQ(answer.error, EISCONN);
    EXPECT_FALSE(answer.goes_on);
  });
}

}  // namespace
}  // namespace selfconnect
