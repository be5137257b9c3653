// How the far end behaves on a connection that it has accepted, as the client sees it.
// SPDX-License-Identifier: MIT
#include "harness/peer/conduct.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "harness/peer/listener.h"
#include "harness/peer/peer_connection.h"
#include "harness/schedule/schedule.h"
#include "in_world.h"

namespace selfconnect {
namespace {

using testing::run_until;
using What = PeerMove::What;

const Endpoint kServer{Address::loopback(Family::kIpv4), 5000};

class ConductTest : public testing::InWorld {
 protected:
  // Accepts a client, and behaves to it as the event says; `event` is the text of one.
  void meet(const std::string& event, const Service& service = {}) {
    auto listener = listen_in(world(), kServer);
    ASSERT_TRUE(listener);
    auto socket = world().socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_TRUE(socket);
    sockaddr_storage storage{};
    const socklen_t length = kServer.to_sockaddr(storage);
    ASSERT_EQ(connect(socket->get(), reinterpret_cast<sockaddr*>(&storage), length), 0);
    client_ = std::move(*socket);
    UniqueFd accepted(accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    ASSERT_TRUE(accepted);
    const auto schedule = parse_schedule(event + " serve");
    ASSERT_TRUE(schedule);
    connection_ = std::make_shared<PeerConnection>(std::move(accepted),
                                                   conduct_of(event_of(*schedule, 1), context_, service));
    connection_->begin();
  }

  void serve() {
    connection_->serve(context_, [this] { ++first_bytes_; }, [] {});
  }

  void say(const std::string& text) {
    ASSERT_EQ(send(client_.get(), text.data(), text.size(), MSG_NOSIGNAL), std::ssize(text));
  }

  // All that comes until `size` bytes, the end ("<FIN>") or a reset ("<RST>").
  std::string hear(std::size_t size) {
    std::string heard;
    fcntl(client_.get(), F_SETFL, O_NONBLOCK);
    const bool done = run_until(context_, [&] {
      char byte = 0;
      const ssize_t got = recv(client_.get(), &byte, 1, 0);
      if (got == 1) heard += byte;
      if (got == 0) heard += "<FIN>";
      if (got < 0 && errno == ECONNRESET) heard += "<RST>";
      return got == 0 || (got < 0 && errno != EAGAIN) || heard.size() == size;
    });
    return done ? heard : heard + "<nothing>";
  }

  [[nodiscard]] std::vector<What> moves() const {
    std::vector<What> moves;
    for (const PeerMove& move : connection_->view().moves) moves.push_back(move.what);
    return moves;
  }

  boost::asio::io_context context_;
  UniqueFd client_;
  std::shared_ptr<PeerConnection> connection_;
  int first_bytes_ = 0;
};

TEST_F(ConductTest, CloseSendsFinBeforeAnythingElse) {
  meet("close");
  EXPECT_EQ(hear(1), "<FIN>");
  EXPECT_EQ(moves(), std::vector{What::kFinSent});
  EXPECT_FALSE(connection_->is_open());
}

TEST_F(ConductTest, ResetSendsRst) {
  meet("reset");
  EXPECT_EQ(hear(1), "<RST>");
  EXPECT_EQ(moves(), std::vector{What::kResetSent});
}

TEST_F(ConductTest, HalfCloseSendsFinAndReadsOn) {
  meet("half-close");
  serve();
  EXPECT_EQ(hear(1), "<FIN>");
  say("still here");
  EXPECT_TRUE(run_until(context_, [this] { return connection_->view().received == 10; }));
  EXPECT_EQ(moves(), (std::vector{What::kFinSent, What::kReceived}));
}

TEST_F(ConductTest, SilentReadsAndSaysNothing) {
  meet("silent");
  serve();
  EXPECT_FALSE(connection_->view().received);
  say("hello");
  EXPECT_TRUE(run_until(context_, [this] { return connection_->view().received == 5; }));
  EXPECT_EQ(first_bytes_, 1);
  EXPECT_TRUE(connection_->waits());
  EXPECT_EQ(connection_->view().sent, 0);
}

TEST_F(ConductTest, GarbageIsTheSameForEverybodyAndOfTheWantedLength) {
  meet("garbage:20");
  serve();
  const std::string first = hear(20);
  meet("garbage:32");
  serve();
  const std::string second = hear(32);
  EXPECT_EQ(first.size(), 20);
  EXPECT_EQ(second.substr(0, 20), first);
}

TEST_F(ConductTest, MoreGarbageThanTheBuffersHoldComesWhole) {
  meet("garbage:1048576");
  serve();
  const std::size_t all = 1048576;
  std::size_t heard = 0;
  fcntl(client_.get(), F_SETFL, O_NONBLOCK);
  EXPECT_TRUE(run_until(context_, [&] {
    std::array<char, 65536> buffer;
    const ssize_t got = recv(client_.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) heard += static_cast<std::size_t>(got);
    return heard == all;
  }));
  EXPECT_EQ(connection_->view().sent, all);
}

TEST_F(ConductTest, AScriptWaitsForItsBytes) {
  meet(R"(script[say:"hello\n" read:5 say:"bye\n" close])");
  serve();
  EXPECT_EQ(hear(6), "hello\n");
  say("abcd");
  EXPECT_TRUE(run_until(context_, [this] { return connection_->view().received == 4; }));
  EXPECT_EQ(connection_->view().sent, 6);
  say("e");
  EXPECT_EQ(hear(100), "bye\n<FIN>");
}

TEST_F(ConductTest, AScriptMayEndWithAReset) {
  meet("script[read:2 reset]");
  serve();
  say("ab");
  EXPECT_EQ(hear(1), "<RST>");
}

TEST_F(ConductTest, AServiceFollowsItsStepsOverAndOver) {
  const auto steps = parse_steps(R"(read:5 say:"PONG\n")");
  ASSERT_TRUE(steps);
  meet("serve", {.steps = *steps, .socket = {}, .server = {}});
  serve();
  say("PING\nPING\nPI");
  EXPECT_EQ(hear(10), "PONG\nPONG\n");
  say("NG\n");
  EXPECT_EQ(hear(5), "PONG\n");
}

TEST_F(ConductTest, TruncateEndsTheAnswerAfterItsBytes) {
  const auto steps = parse_steps(R"(read:5 say:"PONG\n")");
  ASSERT_TRUE(steps);
  meet("truncate:7", {.steps = *steps, .socket = {}, .server = {}});
  serve();
  say("PING\n");
  EXPECT_EQ(hear(5), "PONG\n");
  say("PING\n");
  EXPECT_EQ(hear(100), "PO<FIN>");
}

TEST_F(ConductTest, TruncateToNothingEndsInPlaceOfTheAnswer) {
  const auto steps = parse_steps(R"(read:5 say:"PONG\n")");
  ASSERT_TRUE(steps);
  meet("truncate:0", {.steps = *steps, .socket = {}, .server = {}});
  serve();
  say("PING\n");
  EXPECT_EQ(hear(100), "<FIN>");
}

TEST_F(ConductTest, AResetOfTheClientIsSeen) {
  meet("silent");
  serve();
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(client_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  client_.reset();
  EXPECT_TRUE(run_until(context_, [this] { return !connection_->is_open(); }));
  EXPECT_EQ(moves(), std::vector{What::kResetReceived});
}

TEST_F(ConductTest, ARealServerIsReachedAndAnswers) {
  const Endpoint behind{Address::loopback(Family::kIpv4), 6000};
  auto listener = listen_in(world(), behind);
  ASSERT_TRUE(listener);
  const Service service{.steps = {},
                        .socket = [this] { return world().socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); },
                        .server = behind};
  meet("serve", service);
  serve();
  say("question");
  UniqueFd server;
  std::string asked;
  ASSERT_TRUE(run_until(context_, [&] {
    if (!server) server = UniqueFd(accept4(listener->get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    std::array<char, 64> buffer;
    const ssize_t got = server ? recv(server.get(), buffer.data(), buffer.size(), 0) : -1;
    if (got > 0) asked.append(buffer.data(), static_cast<std::size_t>(got));
    return asked == "question";
  }));
  ASSERT_EQ(send(server.get(), "answer", 6, 0), 6);
  EXPECT_EQ(hear(6), "answer");
  server.reset();
  EXPECT_EQ(hear(1), "<FIN>");
}

}  // namespace
}  // namespace selfconnect
