// Each play on a stage: the trace that it leaves is what the rules need. And whole checks, from within.
// SPDX-License-Identifier: MIT
#include "harness/check/stage.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <csignal>
#include <filesystem>

#include "harness/check/check.h"
#include "in_world.h"

namespace selfconnect {
namespace {

using namespace std::chrono_literals;

const Endpoint kServer{Address::loopback(Family::kIpv4), kDefaultPort};

std::vector<std::string> target(const std::string& name) {
  return {std::string(SELFCONNECT_TARGETS) + "/" + name, "{host}", "{port}"};
}

class StageTest : public testing::InWorld {
 protected:
  // One play, by itself.
  StageResult<Trace> play(Playing<void> (*move)(Stage&), PhasePlan plan) {
    boost::asio::io_context context;
    CheckObserver nobody;
    Performance performance{context, options_, nobody, false, [] {}};
    plan.timeout = timeout_;
    StageResult<Trace> result = std::unexpected(StageFailure{StageFailure::Kind::kError, "did not return"});
    boost::asio::co_spawn(
        context,
        [&]() -> boost::asio::awaitable<void> {
          Stage stage(performance, plan);
          auto played = co_await move(stage);
          result = played ? StageResult<Trace>(stage.trace()) : std::unexpected(played.error());
        },
        boost::asio::detached);
    context.run();
    return result;
  }

  static PhasePlan plan(Phase phase, Kind kind = Kind::kReconnector) {
    PhasePlan plan{.phase = phase, .kind = kind};
    if (phase != Phase::kRefused) {
      plan.destination = kServer;
      plan.served = {kServer};
      plan.never = {kServer.port};
    }
    return plan;
  }

  CheckOptions options_;
  std::chrono::nanoseconds timeout_ = 10s;
};

TEST_F(StageTest, RefusedWatchesAReconnectorForAWhile) {
  options_.command = target("guarded");
  const auto trace = play(play_refused, plan(Phase::kRefused, Kind::kUnknown));
  ASSERT_TRUE(trace) << trace.error().reason;
  EXPECT_EQ(trace->ended.how, Ended::How::kStopped);
  EXPECT_EQ(trace->ended.stop_reason, "decided");
  EXPECT_TRUE(trace->stop_signal_at);
  EXPECT_GE(trace->attempts.refused, 4U);
  EXPECT_EQ(trace->attempts.refused, trace->attempts.total);
  EXPECT_FALSE(trace->forced);
}

TEST_F(StageTest, SelfConnectSaysThatTheTargetPassesItsEngineBy) {
  options_.engine = EngineChoice::kNotify;
  options_.command = target("io_uring");
  const auto trace = play(play_self_connect, plan(Phase::kSelfConnect));
  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().kind, StageFailure::Kind::kCannotForce);
  EXPECT_THAT(trace.error().reason, ::testing::HasSubstr("io_uring"));
}

TEST_F(StageTest, SelfConnectUnderNotifyConnectsTheTargetToItself) {
  options_.engine = EngineChoice::kNotify;
  options_.command = target("guarded");
  const auto trace = play(play_self_connect, plan(Phase::kSelfConnect));
  ASSERT_TRUE(trace) << trace.error().reason;
  EXPECT_TRUE(trace->forced);
  EXPECT_GT(trace->attempts.self_connected, 0U);
}

TEST_F(StageTest, RefusedTellsHowAOneShotEnded) {
  options_.command = {"sh", "-c", "echo said; exit 9"};
  const auto trace = play(play_refused, plan(Phase::kRefused, Kind::kUnknown));
  ASSERT_TRUE(trace) << trace.error().reason;
  EXPECT_EQ(trace->ended.how, Ended::How::kExit);
  EXPECT_EQ(trace->ended.code, 9);
  EXPECT_EQ(trace->out.head, "said\n");
  EXPECT_FALSE(trace->stop_signal_at);
}

TEST_F(StageTest, SelfConnectForcesTheFirstAttempt) {
  options_.command = target("hangs");
  timeout_ = 1s;
  const auto trace = play(play_self_connect, plan(Phase::kSelfConnect));
  ASSERT_TRUE(trace) << trace.error().reason;
  EXPECT_TRUE(trace->forced);
  ASSERT_FALSE(trace->attempts.kept.empty());
  EXPECT_EQ(trace->attempts.kept.front().outcome, Outcome::kSelfConnected);
  EXPECT_EQ(trace->ended.stop_reason, "timeout");
  EXPECT_GE(trace->ended.at, 1s);
}

TEST_F(StageTest, SelfConnectLeavesOutWhatChildrenDoAfterIt) {
  options_.command = {"sh", "-c", "(sleep 1000 &); exit 4"};
  timeout_ = 1s;
  const auto trace = play(play_self_connect, plan(Phase::kSelfConnect));
  ASSERT_TRUE(trace) << trace.error().reason;
  EXPECT_EQ(trace->left_behind, std::vector<std::string>{"sleep"});
  EXPECT_EQ(trace->ended.code, 4);
  EXPECT_LT(trace->ended.at, 1s) << "when it ended, not when the harness had waited for its children";
}

TEST_F(StageTest, BindFindsThePortHeld) {
  options_.command = target("holds_port");
  const auto trace = play(play_bind, plan(Phase::kBind));
  ASSERT_TRUE(trace) << trace.error().reason;
  ASSERT_GT(trace->bind_tries.size(), 1U);
  ASSERT_TRUE(trace->unforced_at);
  const BindTry& first = trace->bind_tries.front();
  const BindTry& last = trace->bind_tries.back();
  EXPECT_GE(first.at, *trace->unforced_at);
  EXPECT_EQ(last.error, EADDRINUSE);
  EXPECT_TRUE(last.target_alive);
  ASSERT_TRUE(last.blocker);
  EXPECT_EQ(last.blocker->local, kServer);
  EXPECT_EQ(last.blocker->remote, kServer);
  EXPECT_GE(last.at - first.at, 1s);
}

TEST_F(StageTest, BindSucceedsAfterAReset) {
  options_.command = target("guarded");
  const auto trace = play(play_bind, plan(Phase::kBind));
  ASSERT_TRUE(trace) << trace.error().reason;
  ASSERT_FALSE(trace->bind_tries.empty());
  EXPECT_EQ(trace->bind_tries.back().error, 0);
}

TEST_F(StageTest, BindIsTriedAfterTheTargetEndedToo) {
  options_.command = target("echo_accepted");
  const auto trace = play(play_bind, plan(Phase::kBind, Kind::kOneShot));
  ASSERT_TRUE(trace) << trace.error().reason;
  ASSERT_FALSE(trace->bind_tries.empty());
}

TEST_F(StageTest, RecoverReachesTheServer) {
  options_.command = target("guarded");
  const auto trace = play(play_recover, plan(Phase::kRecover));
  ASSERT_TRUE(trace) << trace.error().reason;
  EXPECT_GE(trace->attempts.self_connected, 1U);
  EXPECT_EQ(trace->attempts.accepted, 1U);
  EXPECT_EQ(trace->ended.stop_reason, "decided");
  const auto listening = std::ranges::find(trace->server, ServerEvent::What::kListening, &ServerEvent::what);
  ASSERT_NE(listening, trace->server.end());
  EXPECT_GE(listening->at, *trace->unforced_at);
}

TEST_F(StageTest, RecoverNotesThatTheServerEnded) {
  options_.command = target("never_recovers");
  options_.server = {
      "python3", "-c",
      "import socket; s = socket.socket(); s.setsockopt(1, 2, 1); s.bind(('127.0.0.1', {port}));"
      "s.listen(); s.settimeout(0.3)\ntry: s.accept()\nexcept TimeoutError: pass"};
  const auto trace = play(play_recover, plan(Phase::kRecover));
  ASSERT_TRUE(trace) << trace.error().reason;
  const auto ended = std::ranges::find(trace->server, ServerEvent::What::kEnded, &ServerEvent::what);
  ASSERT_NE(ended, trace->server.end());
  EXPECT_EQ(ended->detail, "exit code 0");
}

TEST_F(StageTest, HealthyServesEveryDestination) {
  options_.command = target("two_destinations");
  options_.command.push_back("50100");
  auto both = plan(Phase::kHealthy);
  both.served.push_back({kServer.address, 50100});
  const auto trace = play(play_healthy, both);
  ASSERT_TRUE(trace) << trace.error().reason;
  EXPECT_GE(trace->attempts.accepted, 1U);
  EXPECT_EQ(trace->attempts.self_connected, 0U);
}

// One server command for each destination, all of them up.
TEST_F(StageTest, HealthyLaunchesAServerForEveryDestination) {
  options_.server = {"python3", "-c",
                     "import socket, time; s = socket.socket(); s.bind(('127.0.0.1', {port})); s.listen();"
                     "time.sleep(1000)"};
  const Endpoint other{kServer.address, 50001};
  options_.command = {"python3", "-c",
                      "import socket\nfor p in (50000, 50001): socket.create_connection(('127.0.0.1', p))"};
  auto both = plan(Phase::kHealthy, Kind::kOneShot);
  both.served.push_back(other);
  const auto trace = play(play_healthy, both);
  ASSERT_TRUE(trace) << trace.error().reason;
  EXPECT_EQ(trace->ended.code, 0);
  EXPECT_EQ(trace->attempts.accepted, 2U);
}

TEST_F(StageTest, SamePortConnectsFromThePortItDials) {
  options_.command = target("guarded");
  const auto trace = play(play_same_port, plan(Phase::kSamePort));
  ASSERT_TRUE(trace) << trace.error().reason;
  ASSERT_FALSE(trace->attempts.kept.empty());
  const Attempt& first = trace->attempts.kept.front();
  EXPECT_EQ(first.outcome, Outcome::kAccepted);
  EXPECT_EQ(first.source.port, first.destination.port);
  EXPECT_NE(first.source.address, first.destination.address);
}

TEST_F(StageTest, FailsWhereTheServerCommandEnds) {
  options_.command = target("guarded");
  options_.server = {"sh", "-c", "echo no such luck >&2; exit 3"};
  const auto trace = play(play_healthy, plan(Phase::kHealthy));
  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().kind, StageFailure::Kind::kError);
  EXPECT_EQ(trace.error().reason,
            "the server command ended before it listened on 127.0.0.1:50000: exit code 3: no such luck");
}

TEST_F(StageTest, CheckLeavesNoDescriptorAndNoChild) {
  const auto open_descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  end_world();
  options_.command = {"true"};
  options_.timeout = 5s;
  CheckObserver nobody;
  (void)check(options_, nobody);
  const auto before = open_descriptors();
  for (int i = 0; i < 5; ++i) {
    options_.command = i % 2 == 0 ? target("echo_accepted") : std::vector<std::string>{"false"};
    (void)check(options_, nobody);
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_FALSE(testing::has_children());
  }
}

TEST_F(StageTest, CheckSaysWhatWasKnownWhenItWasInterrupted) {
  struct Interrupter : CheckObserver {
    void phase_started(Phase phase, std::optional<Endpoint>, int, int) override {
      if (phase == Phase::kSelfConnect) raise(SIGINT);
    }
  } interrupter;
  options_.command = target("guarded");
  const auto result = check(options_, interrupter);
  EXPECT_EQ(result.judgement.verdict, Verdict::kError);
  EXPECT_TRUE(result.judgement.reason.starts_with("interrupted")) << result.judgement.reason;
  EXPECT_GE(result.run.traces.size(), 1U);
}

}  // namespace
}  // namespace selfconnect
