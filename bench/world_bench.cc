// A world made and ended, against the bare loop (which also runs a client).
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include "bench/bare.h"
#include "harness/world/world.h"

namespace selfconnect::bench {

namespace {

constexpr int kBatch = 20;

void world_up_and_down(benchmark::State& state) {
  const OneCore pinned;
  Comparison comparison;
  WorldMaker worlds;
  for (auto _ : state) {
    const Seconds bare = bare_loop(kBatch);
    const auto start = Clock::now();
    for (int i = 0; i < kBatch; ++i) {
      auto world = worlds.make();
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
