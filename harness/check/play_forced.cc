// The forced phases: what the client does when it is connected to itself (`self-connect`), whether a server
// can bind meanwhile (`bind`), and whether the client reaches the server afterwards (`recover`).
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>

#include "harness/check/stage.h"
#include "harness/judge/retry.h"
#include "harness/peer/listener.h"

namespace selfconnect {

using namespace std::chrono_literals;

namespace {

constexpr auto kBindInterval = 20ms;  // between two tries of a starting server
constexpr auto kHeldFor = 1050ms;     // `holds-port`: a second, and some tries more

Playing<void> launch_forced(Stage& stage) {
  if (auto opened = stage.open(Stage::Ports::kForced); !opened) co_return opened;
  co_return stage.launch_target();
}

// Until the target is connected to itself, or it is certain that it will not be.
boost::asio::awaitable<bool> until_self_connected(Stage& stage) {
  const auto self_connected = [&stage] { return stage.flows().self_connected() > 0; };
  co_await stage.until([&] { return self_connected() || stage.target_ended(); });
  if (!self_connected()) co_await stage.settle(self_connected);
  co_return self_connected();
}

// One try to start a server on the destination; the listening socket if it worked. The time of one that failed is when all is known
// of it, and the packets that tell how the port came to be blocked are taken before: some are stamped only then (PacketClock).
std::optional<UniqueFd> try_bind(Stage& stage) {
  const Endpoint& endpoint = *stage.plan().destination;
  auto listener = listen_in(stage.world(), endpoint);
  BindTry attempt{.at = {}, .endpoint = endpoint, .target_alive = !stage.target_ended()};
  if (!listener) {
    attempt.error = listener.error().code;
    if (const auto lines = stage.recorder().sockets().sockets(endpoint.port, stage.now())) {
      const auto blocker =
          std::ranges::find_if(*lines, [](const SocketLine& line) { return line.local == line.remote; });
      if (blocker != lines->end()) attempt.blocker = *blocker;
    }
    stage.recorder().drain();
  }
  attempt.at = stage.now();
  stage.trace().bind_tries.push_back(std::move(attempt));
  if (!listener) return std::nullopt;
  return std::move(*listener);
}

bool only_time_wait(const BindTry& attempt) {
  return attempt.blocker && attempt.blocker->state == TcpState::kTimeWait;
}

// Since when the newest try's blocker has stood in the way without a break.
Instant held_for(const std::vector<BindTry>& tries) {
  Instant since = tries.back().at;
  for (auto attempt = tries.rbegin(); attempt != tries.rend(); ++attempt) {
    if (!attempt->blocker || attempt->blocker->inode != tries.back().blocker->inode) break;
    since = attempt->at;
  }
  return tries.back().at - since;
}

bool holds_port(const std::vector<BindTry>& tries) {
  return tries.back().blocker && tries.back().blocker->inode != 0 && held_for(tries) >= kHeldFor;
}

bool let_go_of_all(Stage& stage) {
  stage.recorder().drain();
  return stage.flows().self_connected() > 0 && stage.flows().open_self_connections() == 0;
}

}  // namespace

Playing<void> play_self_connect(Stage& stage) {
  if (auto launched = co_await launch_forced(stage); !launched) co_return launched;
  const bool one_shot = stage.plan().kind == Kind::kOneShot;
  const auto let_go = [&stage] {
    return stage.flows().self_connected() > 0 && stage.flows().open_self_connections() == 0 &&
           stage.watched_enough();
  };
  co_await stage.until(
      [&] { return stage.target_ended() || stage.passes_engine_by() || (!one_shot && let_go()); });
  co_await stage.settle([&stage] { return stage.flows().self_connected() > 0; });
  // Now, for the phases to come cannot be forced on a port in TIME-WAIT.
  if (stage.at_hand() && let_go_of_all(stage)) try_bind(stage);
  co_await stage.finish();
  if (stage.passes_engine_by()) {
    co_return failure(error("the target dials past the engine notify, as programs do through io_uring: use "
                            "--engine range or hook"),
                      StageFailure::Kind::kCannotForce);
  }
  co_return StageResult<void>{};
}

Playing<void> play_bind(Stage& stage) {
  if (auto launched = co_await launch_forced(stage); !launched) co_return launched;
  if (co_await until_self_connected(stage)) {
    if (auto released = stage.release_ports(); !released) co_return released;
    auto& tries = stage.trace().bind_tries;
    while (!stage.interrupted() && Stage::Clock::now() < stage.deadline()) {
      const bool ended = stage.target_ended();
      if (try_bind(stage) || ended || only_time_wait(tries.back()) || holds_port(tries)) break;
      co_await stage.until([&stage] { return stage.target_ended(); },
                           std::min(Stage::Clock::now() + kBindInterval, stage.deadline()));
    }
  }
  co_await stage.settle([] { return true; });
  co_await stage.finish();
  co_return StageResult<void>{};
}

namespace {

// Starts the server as soon as the port is free. What stands in its way is noted; a TIME_WAIT is removed, for
// waiting it out would tell nothing about the target. The number of connections accepted before the server was there
// (by a try to bind, for a moment); none: the port never came free.
Playing<std::optional<std::uint64_t>> start_server(Stage& stage) {
  const Endpoint& endpoint = *stage.plan().destination;
  while (!stage.interrupted() && Stage::Clock::now() < stage.deadline()) {
    std::uint64_t before = stage.flows().accepted();
    auto listener = try_bind(stage);
    if (listener && stage.options().server.empty()) {
      stage.serve(std::move(*listener));
      stage.note(ServerEvent::What::kListening, endpoint.text());
      co_return before;
    }
    if (listener) {
      listener->reset();  // the server command binds it itself
      stage.recorder().drain();
      before = stage.flows().accepted();
      if (auto served = co_await stage.serve(endpoint); !served) co_return std::unexpected(served.error());
      if (stage.interrupted()) break;
      co_return before;
    }
    const BindTry& attempt = stage.trace().bind_tries.back();
    if (only_time_wait(attempt)) {
      stage.note(ServerEvent::What::kTimeWaitBlocked, attempt.blocker->text());
      if (stage.recorder().sockets().destroy(*attempt.blocker)) {
        stage.note(ServerEvent::What::kTimeWaitRemoved);
        continue;
      }
      if (stage.at_hand()) co_return std::nullopt;  // it takes CAP_NET_ADMIN, or a minute
    } else if (std::ranges::none_of(stage.trace().server, [](const ServerEvent& event) {
                 return event.what == ServerEvent::What::kBindBlocked;
               })) {
      stage.note(ServerEvent::What::kBindBlocked, attempt.blocker ? attempt.blocker->text() : "");
    }
    co_await stage.until([] { return false; },
                         std::min(Stage::Clock::now() + kBindInterval, stage.deadline()));
  }
  co_return std::nullopt;
}

std::uint64_t accepted_sent(const FlowTable& flows, const Endpoint& destination) {
  const DestinationStats* stats = flows.find_destination(destination);
  return stats == nullptr ? 0 : stats->accepted_sent;
}

// The target's own retry interval, as far as it has been seen, says how long it may take.
Stage::Clock::time_point recovery_deadline(Stage& stage, Stage::Clock::time_point listening) {
  stage.recorder().drain();
  Trace so_far;
  so_far.attempts = stage.flows().log();
  auto longest = largest_retry_interval(so_far);
  if (stage.plan().retry_interval) longest = std::max(longest.value_or(0ns), *stage.plan().retry_interval);
  return std::min(listening + recovery_window(longest) + kBindInterval, stage.deadline());
}

// Whether the target came, in the time that it may take. What it does meanwhile may show that it takes longer than was known, so
// the deadline moves: it is where the rule will look for it, which knows the whole trace.
boost::asio::awaitable<bool> until_recovered(Stage& stage, std::uint64_t accepted_before) {
  const auto listening = Stage::Clock::now();
  const auto reached = [&] { return stage.flows().accepted() > accepted_before; };
  while (true) {
    const auto deadline = recovery_deadline(stage, listening);
    if (deadline <= Stage::Clock::now()) co_return reached();
    const auto decided = [&] { return reached() || stage.target_ended(); };
    if (co_await stage.until(decided, deadline) || stage.interrupted()) co_return reached();
  }
}

}  // namespace

Playing<void> play_recover(Stage& stage) {
  if (auto launched = co_await launch_forced(stage); !launched) co_return launched;
  if (co_await until_self_connected(stage)) {
    if (auto released = stage.release_ports(); !released) co_return released;
    auto started = co_await start_server(stage);
    if (!started) co_return std::unexpected(started.error());
    if (*started && co_await until_recovered(stage, **started)) {
      const auto by = std::min(Stage::Clock::now() + kFirstBytesGrace, stage.deadline());
      co_await stage.until(
          [&] { return stage.target_ended() || accepted_sent(stage.flows(), *stage.plan().destination) > 0; },
          by);
    }
  }
  co_await stage.settle([] { return true; });
  co_await stage.finish();
  co_return StageResult<void>{};
}

}  // namespace selfconnect
