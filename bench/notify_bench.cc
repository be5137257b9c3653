// What an attempt costs under the engine `notify`: a target that dials as fast as it can, refused each time, with the
// supervisor giving it its ports, and without.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <charconv>

#include "bench/bare.h"
#include "harness/launch/process.h"
#include "harness/ports/notify_engine.h"

namespace selfconnect::bench {

namespace {

constexpr std::int64_t kAttempts = 50'000;

// What dial_many printed.
Result<Seconds> dial_many(const World& world, const Confinement& confinement) {
  boost::asio::io_context context(1);
  const LaunchSpec spec{
      .command = {program("bench/dial_many").string(), "127.0.0.1", "1", std::to_string(kAttempts)},
      .confinement = confinement};
  auto process = Process::launch(context, world, spec, [] {});
  if (!process) return std::unexpected(process.error());
  while (!(*process)->ended()) context.run_one();
  (*process)->drain_output();
  const std::string& output = (*process)->out().head();
  std::int64_t nanoseconds = 0;
  std::from_chars(output.data(), output.data() + output.size(), nanoseconds);
  return std::chrono::nanoseconds(nanoseconds);
}

void notify_attempts(benchmark::State& state) {
  const auto access = static_cast<SocketAccess>(state.range(0));
  Comparison comparison;
  const OneCore one_core;
  for (auto _ : state) {
    auto world = World::create();
    if (!world) return state.SkipWithError(world.error().message.c_str());
    auto engine = NotifyEngine::create(access, NotifySupervisor::Reach::kAnywhere);
    if (!engine) return state.SkipWithError(engine.error().message.c_str());
    if (auto followed = (*engine)->follow(Policy::sequential(10'000, 60'000), {}); !followed) {
      return state.SkipWithError(followed.error().message.c_str());
    }
    const auto bare = dial_many(*world, {});
    const auto under = dial_many(*world, (*engine)->confinement());
    if (!bare || !under) return state.SkipWithError((bare ? under : bare).error().message.c_str());
    comparison.add(*under / kAttempts, *bare / kAttempts);
    state.SetIterationTime(under->count());
  }
  comparison.report(state);
}
BENCHMARK(notify_attempts)
    ->ArgName("access")
    ->Arg(static_cast<int>(SocketAccess::kTake))
    ->Arg(static_cast<int>(SocketAccess::kMake))
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace selfconnect::bench
