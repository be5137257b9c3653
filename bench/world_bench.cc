// Worlds made and ended, and worlds used again, without and with a client in them, against the bare loop, which runs the same
// client in a namespace of its own.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>

#include "bench/bare.h"
#include "harness/launch/process.h"
#include "harness/ports/engine.h"
#include "harness/world/world_pool.h"

namespace selfconnect::bench {

namespace {

constexpr int kBatch = 20;

// What is done in each world.
using Use = Result<void> (*)(World&);

Result<void> nothing(World&) { return {}; }

// Connects to itself and closes, which leaves a TIME-WAIT and two changed sysctls.
Result<void> self_connect(World& world) {
  const Endpoint self{Address::loopback(Family::kIpv4), 50000};
  const auto engine = make_range_engine(world);
  if (auto forced = engine->force(self.port, Allocator::kConnect); !forced) return forced;
  auto socket = world.socket(AF_INET, SOCK_STREAM, 0);
  if (!socket) return std::unexpected(socket.error());
  sockaddr_storage storage{};
  const socklen_t length = self.to_sockaddr(storage);
  if (connect(socket->get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
    return std::unexpected(errno_error("connect"));
  }
  return {};
}

// Is refused, and exits.
Result<void> run_client(World& world) {
  boost::asio::io_context context;
  auto client = Process::launch(context, world, {.command = one_shot_client()}, [] {});
  if (!client) return std::unexpected(client.error());
  while (!(*client)->ended()) context.run_one();
  return {};
}

void worlds(benchmark::State& state, WorldPool::Reuse reuse, Use use) {
  const OneCore pinned;
  WorldPool pool({.reuse = reuse});
  Comparison comparison;
  for (auto _ : state) {
    const Seconds bare = bare_loop(kBatch);
    const auto start = Clock::now();
    for (int i = 0; i < kBatch; ++i) {
      auto world = pool.take();
      if (!world) return state.SkipWithError(world.error().message.c_str());
      if (auto used = use(**world); !used) return state.SkipWithError(used.error().message.c_str());
    }
    const Seconds one = Seconds(Clock::now() - start) / kBatch;
    comparison.add(one, bare);
    state.SetIterationTime(one.count() * kBatch);
  }
  comparison.report(state);
  const WorldPool::Counts& counts = pool.counts();
  state.counters["recycled"] =
      static_cast<double>(counts.recycled) / static_cast<double>(counts.recycled + counts.made);
  if (reuse != WorldPool::Reuse::kNever && counts.refused > 0) state.SkipWithError(counts.refusal.c_str());
}

constexpr auto kNever = WorldPool::Reuse::kNever;
constexpr auto kRenewed = WorldPool::Reuse::kRenewed;
constexpr auto kCleaned = WorldPool::Reuse::kCleaned;

BENCHMARK_CAPTURE(worlds, fresh, kNever, nothing)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(worlds, renewed, kRenewed, nothing)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(worlds, recycled, kCleaned, nothing)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(worlds, fresh_self_connect, kNever, self_connect)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(worlds, renewed_self_connect, kRenewed, self_connect)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(worlds, recycled_self_connect, kCleaned, self_connect)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(worlds, fresh_client, kNever, run_client)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(worlds, renewed_client, kRenewed, run_client)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(worlds, recycled_client, kCleaned, run_client)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

// Each ended before the next is made, as without a pool.
void world_up_and_down(benchmark::State& state) {
  const OneCore pinned;
  Comparison comparison;
  WorldMaker maker;
  for (auto _ : state) {
    const Seconds bare = bare_loop(kBatch);
    const auto start = Clock::now();
    for (int i = 0; i < kBatch; ++i) {
      auto world = maker.make();
      if (!world) return state.SkipWithError(world.error().message.c_str());
    }
    const Seconds one = Seconds(Clock::now() - start) / kBatch;
    comparison.add(one, bare);
    state.SetIterationTime(one.count() * kBatch);
  }
  comparison.report(state);
}
BENCHMARK(world_up_and_down)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace selfconnect::bench
