// What an attempt costs a client under the engine `hook`: refused as fast as it can dial, in a world with the engine and
// in one without.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include <boost/asio/io_context.hpp>
#include <charconv>

#include "bench/bare.h"
#include "harness/launch/process.h"
#include "harness/ports/hook_engine.h"
#include "harness/ports/world_ports.h"

namespace selfconnect::bench {

namespace {

constexpr std::int64_t kAttempts = 20'000;
constexpr std::uint16_t kPort = 50000;

Result<Seconds> dial(const World& world, const Confinement& confinement) {
  boost::asio::io_context context(1);
  auto process = Process::launch(
      context, world,
      {.command = {program("bench/dial_many").string(), "127.0.0.1", "50000", std::to_string(kAttempts)},
       .stdin_file = {},
       .limits = {},
       .network = Network::kNear,
       .confinement = confinement},
      [] {});
  if (!process) return std::unexpected(process.error());
  while (!(*process)->ended()) context.run_one();
  (*process)->drain_output();
  const std::string out = (*process)->out().head();
  std::int64_t count = 0;
  std::from_chars(out.data(), out.data() + out.size(), count);
  return std::chrono::nanoseconds(count);
}

// Policies: 0 kernel (attempts are counted and told, the kernel chooses), 1 sequential, 2 random.
Policy policy(std::int64_t number) {
  if (number == 0) return Policy::kernel();
  return number == 1 ? Policy::sequential(1024, kPort - 1) : Policy::random(7);
}

void hooked_attempts(benchmark::State& state) {
  const OneCore pinned;
  auto free_world = World::create();
  auto world = World::create();
  if (!free_world || !world) return state.SkipWithError("no world");
  if (auto set = make_range_engine(*free_world)->release({kPort}); !set)
    return state.SkipWithError(set.error().message.c_str());
  auto engine = make_hook_engine(*world);
  if (!engine) return state.SkipWithError(engine.error().message.c_str());
  const PolicyScope scope{.open = open_layout({kPort}),
                          .never = {kPort},
                          .destination = {Address::loopback(Family::kIpv4), kPort}};
  if (auto set = set_port_layout(*world, scope.open); !set)
    return state.SkipWithError(set.error().message.c_str());
  if (auto applied = (*engine)->follow(policy(state.range(0)), scope); !applied)
    return state.SkipWithError(applied.error().message.c_str());
  Comparison comparison;
  for (auto _ : state) {
    const auto bare = dial(*free_world, {});
    const auto hooked = dial(*world, (*engine)->confinement());
    if (!bare || !hooked) return state.SkipWithError("the client cannot be launched");
    (void)(*engine)->take_events();
    comparison.add(*hooked, *bare);
    state.SetIterationTime(hooked->count());
  }
  comparison.report(state);
}
BENCHMARK(hooked_attempts)
    ->ArgName("policy")
    ->DenseRange(0, 2)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace selfconnect::bench
