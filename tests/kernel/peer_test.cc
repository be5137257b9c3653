// The built-in far end: accepts, reads, and says nothing.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/resource.h>

#include "harness/peer/builtin_peer.h"
#include "harness/peer/listener.h"
#include "in_world.h"

namespace selfconnect {
namespace {

using testing::run_until;

const Endpoint kServer{Address::loopback(Family::kIpv4), 5000};

class PeerTest : public testing::InWorld {
 protected:
  // Connected, and non-blocking from then on.
  UniqueFd dial() {
    auto socket = world().socket(AF_INET, SOCK_STREAM, 0);
    if (!socket) return {};
    sockaddr_storage storage{};
    const socklen_t length = kServer.to_sockaddr(storage);
    if (connect(socket->get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) return {};
    fcntl(socket->get(), F_SETFL, O_NONBLOCK);
    return std::move(*socket);
  }

  std::unique_ptr<BuiltinPeer> serve() {
    auto listener = listen_in(world(), kServer);
    EXPECT_TRUE(listener);
    return std::make_unique<BuiltinPeer>(context_, std::move(*listener));
  }

  boost::asio::io_context context_;
};

// What a read gives: a count, 0 at the end, or minus the errno.
ssize_t read_some(const UniqueFd& socket) {
  char byte = 0;
  const ssize_t size = read(socket.get(), &byte, 1);
  return size < 0 ? -errno : size;
}

TEST_F(PeerTest, ReadsAsMuchAsIsSentAndSaysNothing) {
  const auto peer = serve();
  const UniqueFd client = dial();
  ASSERT_TRUE(client);
  std::size_t left = 16UL * 1024 * 1024;  // more than both buffers hold
  const std::string chunk(64UL * 1024, 'x');
  ASSERT_TRUE(run_until(context_, [&] {
    const ssize_t sent = send(client.get(), chunk.data(), std::min(left, chunk.size()), MSG_NOSIGNAL);
    if (sent > 0) left -= static_cast<std::size_t>(sent);
    return left == 0;
  }));
  EXPECT_EQ(read_some(client), -EAGAIN);
}

TEST_F(PeerTest, ClosesWhenTheClientDoes) {
  const auto peer = serve();
  const UniqueFd client = dial();
  ASSERT_TRUE(client);
  shutdown(client.get(), SHUT_WR);
  EXPECT_TRUE(run_until(context_, [&] { return read_some(client) == 0; }));
}

TEST_F(PeerTest, ClosesItsConnectionsWhenItEnds) {
  auto peer = serve();
  const UniqueFd one = dial();
  const UniqueFd two = dial();
  ASSERT_TRUE(one && two);
  const std::string hello = "hello";
  ASSERT_EQ(write(one.get(), hello.data(), hello.size()), 5);
  context_.poll();
  peer.reset();
  context_.restart();
  context_.run();  // nothing is left to wait for
  EXPECT_NE(read_some(one), -EAGAIN);
  EXPECT_NE(read_some(two), -EAGAIN);
  EXPECT_FALSE(dial());
}

// Without descriptors left it waits for one, and does not ask again and again.
TEST_F(PeerTest, AcceptsTheRestWhenDescriptorsAreFreeAgain) {
  const auto peer = serve();
  UniqueFd first = dial();
  ASSERT_TRUE(first);
  context_.poll();
  const UniqueFd second = dial();
  ASSERT_TRUE(second);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  context_.restart();
  const auto handlers = context_.poll();
  context_.restart();
  const auto more = context_.poll();
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_LE(handlers, 4U);
  EXPECT_EQ(more, 0U);
  first.reset();
  shutdown(second.get(), SHUT_WR);
  EXPECT_TRUE(run_until(context_, [&] { return read_some(second) == 0; }));
}

}  // namespace
}  // namespace selfconnect
