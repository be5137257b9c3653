// The relay from the far network's address to a server on its loopback.
// SPDX-License-Identifier: MIT
#include "harness/peer/relay.h"

#include <fcntl.h>

#include "harness/peer/listener.h"
#include "in_world.h"

namespace selfconnect {
namespace {

using testing::run_until;

const Endpoint kServer{Address::loopback(Family::kIpv4), 5000};

class RelayTest : public testing::InWorld {
 protected:
  void SetUp() override {
    InWorld::SetUp();
    if (IsSkipped()) return;
    auto addresses = world().connect_far(Family::kIpv4);
    SELFCONNECT_NEEDS("veth", addresses ? "" : addresses.error().message);
    outside_ = {addresses->far, 5000};
    auto outside = listen_in(world(), outside_, Network::kFar);
    auto server = listen_in(world(), kServer, Network::kFar);
    ASSERT_TRUE(outside && server);
    server_ = std::move(*server);
    relay_ = std::make_unique<Relay>(context_, world(), std::move(*outside), kServer);
    client_ = dial();
    ASSERT_TRUE(client_);
  }

  UniqueFd dial() {
    auto socket = world().socket(AF_INET, SOCK_STREAM, 0);
    if (!socket) return {};
    sockaddr_storage storage{};
    const socklen_t length = outside_.to_sockaddr(storage);
    if (connect(socket->get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) return {};
    fcntl(socket->get(), F_SETFL, O_NONBLOCK);
    return std::move(*socket);
  }

  UniqueFd accept_one() {
    UniqueFd accepted;
    run_until(context_, [&] {
      accepted.reset(accept4(server_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      return static_cast<bool>(accepted);
    });
    return accepted;
  }

  // Reads until `size` bytes or the end came.
  std::string receive(const UniqueFd& from, std::size_t size) {
    std::string text;
    bool ended = false;
    run_until(context_, [&] {
      std::array<char, 4096> chunk;
      const ssize_t got = read(from.get(), chunk.data(), chunk.size());
      if (got > 0) text.append(chunk.data(), static_cast<std::size_t>(got));
      ended = got == 0 || (got < 0 && errno != EAGAIN);
      return ended || text.size() >= size;
    });
    return ended ? text + "<end>" : text;
  }

  boost::asio::io_context context_;
  Endpoint outside_;
  UniqueFd server_;
  UniqueFd client_;
  std::unique_ptr<Relay> relay_;
};

TEST_F(RelayTest, PassesBytesAndHalfClosesBothWays) {
  const UniqueFd server = accept_one();
  ASSERT_TRUE(server);
  ASSERT_EQ(write(client_.get(), "ask", 3), 3);
  EXPECT_EQ(receive(server, 3), "ask");
  shutdown(client_.get(), SHUT_WR);
  EXPECT_EQ(receive(server, 1), "<end>");
  ASSERT_EQ(write(server.get(), "answer", 6), 6);
  EXPECT_EQ(receive(client_, 6), "answer");
  shutdown(server.get(), SHUT_WR);
  EXPECT_EQ(receive(client_, 1), "<end>");
}

TEST_F(RelayTest, ClosesItsConnectionsWhenItEnds) {
  const UniqueFd server = accept_one();
  ASSERT_TRUE(server);
  relay_.reset();
  EXPECT_EQ(receive(client_, 1), "<end>");
  EXPECT_EQ(receive(server, 1), "<end>");
  context_.restart();
  context_.run();  // nothing is left to wait for
}

// A server that is slow to accept keeps nobody but its own clients waiting.
TEST_F(RelayTest, DoesNotBlockWhenTheServersBacklogIsFull) {
  ASSERT_EQ(listen(server_.get(), 0), 0);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(dial());
  context_.restart();
  context_.run_for(std::chrono::milliseconds(20));
  const UniqueFd server = accept_one();
  ASSERT_TRUE(server);
  ASSERT_EQ(write(client_.get(), "ask", 3), 3);
  EXPECT_EQ(receive(server, 3), "ask");
}

}  // namespace
}  // namespace selfconnect
