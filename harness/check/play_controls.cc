// The controls: nothing listens (`refused`), a server is there (`healthy`), a server has the client's own
// port number at another address (`same-port`).
// SPDX-License-Identifier: MIT
#include "harness/check/stage.h"

namespace selfconnect {

using namespace std::chrono_literals;

namespace {

constexpr auto kReachGrace = 2s;  // for the far end to answer: it is on this machine
constexpr auto kWorkGrace = 2s;   // for a one-shot client that has a real server, but may also stay with it

bool bytes_seen(const FlowTable& flows) {
  for (const DestinationStats& destination : flows.destinations()) {
    if (destination.accepted_sent > 0) return true;
  }
  return false;
}

// A client that binds to a loopback address first does not get to the far network, and may wait for ever.
bool out_of_reach(Stage& stage) {
  const auto& destinations = stage.flows().destinations();
  return stage.plan().phase == Phase::kSamePort && !destinations.empty() &&
         stage.now() - destinations.front().first_at >= kReachGrace;
}

boost::asio::awaitable<void> watch_conversation(Stage& stage) {
  const auto ended = [&stage] { return stage.target_ended(); };
  const auto by = [&stage](auto grace) { return std::min(Stage::Clock::now() + grace, stage.deadline()); };
  const auto accepted = [&stage] { return stage.flows().accepted() > 0; };
  if (co_await stage.until([&] { return ended() || accepted() || out_of_reach(stage); })) {
    co_await stage.until([&] { return ended() || bytes_seen(stage.flows()); }, by(kFirstBytesGrace));
    // With a real server a one-shot client may finish its work: its exit code is what is to be learned.
    if (stage.plan().may_end || (!stage.options().server.empty() && stage.plan().kind == Kind::kOneShot)) {
      co_await stage.until(ended, by(kWorkGrace));
    }
  }
  co_await stage.settle([] { return true; });
}

}  // namespace

Playing<void> play_refused(Stage& stage) {
  if (auto opened = stage.open(Stage::Ports::kOpen); !opened) co_return opened;
  if (auto launched = stage.launch_target(); !launched) co_return launched;
  const auto decided = [&stage] { return stage.target_ended() || stage.watched_enough(); };
  if (stage.plan().kind == Kind::kOneShot) {
    co_await stage.until([&stage] { return stage.target_ended(); });
  } else {
    co_await stage.until(decided);
  }
  co_await stage.settle([] { return true; });
  co_await stage.finish();
  co_return StageResult<void>{};
}

Playing<void> play_healthy(Stage& stage) {
  if (auto opened = stage.open(Stage::Ports::kOpen); !opened) co_return opened;
  for (const Endpoint& endpoint : stage.plan().served) {
    if (auto served = co_await stage.serve(endpoint); !served) co_return served;
  }
  if (auto launched = stage.launch_target(); !launched) co_return launched;
  co_await watch_conversation(stage);
  co_await stage.finish();
  co_return StageResult<void>{};
}

Playing<void> play_same_port(Stage& stage) {
  if (auto opened = stage.open(Stage::Ports::kOpen); !opened) co_return opened;
  if (auto far = co_await stage.open_far_end(); !far) co_return far;
  if (auto launched = stage.launch_target(); !launched) co_return launched;
  co_await watch_conversation(stage);
  co_await stage.finish();
  co_return StageResult<void>{};
}

}  // namespace selfconnect
