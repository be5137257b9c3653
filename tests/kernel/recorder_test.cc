// What a recorder sees of a connection that is made in its world.
// SPDX-License-Identifier: MIT
#include "harness/check/recorder.h"

#include <thread>

#include "harness/ports/engine.h"
#include "in_world.h"

namespace selfconnect {
namespace {

using testing::run_until;

const Endpoint kSelf{Address::loopback(Family::kIpv4), 50000};
const Endpoint kNobody{kSelf.address, 1};  // nor is it a source port

class RecorderTest : public testing::InWorld {
 protected:
  void SetUp() override {
    InWorld::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(make_range_engine(world())->force(kSelf.port, Allocator::kConnect));
    auto recorder = Recorder::start(context_, world(), std::vector<std::string>{"hunter2"},
                                    Recorder::Counters::kRead, [this] { ++changes_; });
    SELFCONNECT_NEEDS("capture", recorder ? "" : recorder.error().message);
    recorder_ = std::move(*recorder);
  }

  UniqueFd dial(const Endpoint& to = kSelf) {
    auto socket = world().socket(AF_INET, SOCK_STREAM, 0);
    if (!socket) return {};
    sockaddr_storage storage{};
    const socklen_t length = to.to_sockaddr(storage);
    if (connect(socket->get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) return {};
    return std::move(*socket);
  }

  [[nodiscard]] Trace trace() {
    Trace trace;
    recorder_->close(trace);
    return trace;
  }

  boost::asio::io_context context_;
  int changes_ = 0;
  std::unique_ptr<Recorder> recorder_;
};

TEST_F(RecorderTest, SeesASelfConnectionAndWhatWasSent) {
  const UniqueFd socket = dial();
  ASSERT_TRUE(socket);
  ASSERT_EQ(write(socket.get(), "hello", 5), 5);
  ASSERT_TRUE(run_until(context_, [&] { return recorder_->flows().self_connected() == 1; }));
  EXPECT_GE(changes_, 1);
  const Trace seen = trace();
  ASSERT_EQ(seen.attempts.kept.size(), 1U);
  const Attempt& attempt = seen.attempts.kept.front();
  EXPECT_EQ(attempt.number, 1U);
  EXPECT_EQ(attempt.outcome, Outcome::kSelfConnected);
  EXPECT_EQ(attempt.source, kSelf);
  EXPECT_EQ(attempt.destination, kSelf);
  EXPECT_EQ(attempt.sent_head, "hello");
  EXPECT_EQ(attempt.ending, Ending::kOpen);
  EXPECT_GE(attempt.at, Instant(0));
  EXPECT_EQ(seen.counters.active_opens, 1U);
  EXPECT_EQ(seen.counters.passive_opens, 0U);
  EXPECT_GE(seen.packets, 3U);
  EXPECT_EQ(seen.packets_lost, 0U);
  ASSERT_FALSE(seen.sockets.empty());
  EXPECT_EQ(seen.sockets.front().state, TcpState::kEstablished);
  EXPECT_EQ(seen.sockets.front().local, kSelf);
  EXPECT_EQ(seen.sockets.front().remote, kSelf);
  EXPECT_NE(seen.sockets.front().inode, 0U);
}

TEST_F(RecorderTest, TellsACloseFromAReset) {
  UniqueFd socket = dial();
  ASSERT_TRUE(socket);
  const linger reset_on_close{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof(reset_on_close));
  socket.reset();
  socket = dial();
  ASSERT_TRUE(socket);
  socket.reset();
  ASSERT_TRUE(run_until(context_, [&] {
    return recorder_->flows().self_connected() == 2 && recorder_->flows().open_self_connections() == 0;
  }));
  const Trace seen = trace();
  ASSERT_EQ(seen.attempts.kept.size(), 2U);
  EXPECT_EQ(seen.attempts.kept[0].ending, Ending::kReset);
  EXPECT_EQ(seen.attempts.kept[1].ending, Ending::kFin);
}

TEST_F(RecorderTest, SeesRefusals) {
  EXPECT_FALSE(dial(kNobody));
  ASSERT_TRUE(run_until(context_, [&] { return recorder_->flows().refused() == 1; }));
  const Trace seen = trace();
  EXPECT_EQ(seen.attempts.refused, 1U);
  EXPECT_EQ(seen.counters.active_opens, 1U);
  EXPECT_EQ(seen.counters.attempt_fails, 1U);
}

TEST_F(RecorderTest, KeepsNoSecret) {
  const UniqueFd socket = dial();
  ASSERT_TRUE(socket);
  ASSERT_EQ(write(socket.get(), "AUTH hunter2\n", 13), 13);
  ASSERT_TRUE(run_until(context_, [&] { return recorder_->flows().self_connected() == 1; }));
  const Trace seen = trace();
  ASSERT_EQ(seen.attempts.kept.size(), 1U);
  EXPECT_EQ(seen.attempts.kept.front().secrets.size(), 1U);
  EXPECT_EQ(seen.attempts.kept.front().sent_head.find("hunter2"), std::string::npos);
}

TEST_F(RecorderTest, CountsNothingAfterTheTargetWasTold) {
  ASSERT_FALSE(dial(kNobody));
  recorder_->drain();
  recorder_->stop_counting();
  ASSERT_FALSE(dial(kNobody));
  EXPECT_EQ(trace().attempts.total, 1U);
}

TEST_F(RecorderTest, SamplesTheTargetsProcesses) {
  auto process = Process::launch(context_, world(), {.command = {"sh", "-c", "sleep 1000 & wait"}}, [] {});
  ASSERT_TRUE(process) << process.error().message;
  recorder_->watch((*process)->pid());
  ASSERT_TRUE(run_until(context_, [&] { return recorder_->processes((*process)->pid()).size() == 1; }));
  const int before = changes_;
  ASSERT_TRUE(run_until(context_, [&] { return changes_ > before + 1; }));
  const Trace seen = trace();
  ASSERT_FALSE(seen.samples.empty());
  EXPECT_EQ(seen.samples.front().pid, (*process)->pid());
  EXPECT_GE(seen.samples.front().descriptors, 3U);
}

// A timer's handler that is queued already when the recorder ends must not touch it.
TEST_F(RecorderTest, MayEndWhileItsTimerIsDue) {
  recorder_->watch(getpid());
  context_.restart();
  context_.poll();
  const auto due = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
  while (std::chrono::steady_clock::now() < due) std::this_thread::yield();
  boost::asio::steady_timer first(context_, due - std::chrono::milliseconds(29));
  bool ended = false;
  first.async_wait([&](const boost::system::error_code&) {  // due before the recorder's, in the same round
    recorder_.reset();
    ended = true;
  });
  const int before = changes_;
  context_.restart();
  context_.run();
  EXPECT_TRUE(ended);
  EXPECT_EQ(changes_, before);
}

}  // namespace
}  // namespace selfconnect
