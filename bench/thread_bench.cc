// Two threads that dial at once, in one world and in two, against one thread: `speedup` is how many times as many attempts
// they make in the same time. It wants two cores that are free.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include "bench/pairs.h"
#include "bench/suites.h"

namespace selfconnect::bench {

namespace {

constexpr std::size_t kThreads = 2;
constexpr std::uint64_t kTurn = 500;  // attempts of a thread

// A pair is one thread's turn and then both; their ratios of attempts in the same time.
void run_against_one(benchmark::State& state, const Dialler& one, const Dialler& both) {
  std::vector<double> speedups, per_cpu;
  Dialled all;
  for (auto _ : state) {
    const auto alone = one.dial(kTurn);
    const auto together = both.dial(kTurn);
    if (!ok(state, alone) || !ok(state, together)) return;
    const double share = static_cast<double>(together->attempts) / static_cast<double>(alone->attempts);
    speedups.push_back(share * static_cast<double>(alone->wall_ns) / static_cast<double>(together->wall_ns));
    per_cpu.push_back(share * static_cast<double>(kThreads) * static_cast<double>(alone->cpu_ns) /
                      static_cast<double>(together->cpu_ns));
    all += *together;
    state.SetIterationTime(static_cast<double>(together->wall_ns) / 1e9);
  }
  state.counters["speedup"] = median(speedups);
  // As if each thread had had a core for itself all the time: what they cost each other, and nothing else.
  state.counters["cpu_speedup"] = median(per_cpu);
  state.counters["attempts/s"] = static_cast<double>(all.attempts) * 1e9 / static_cast<double>(all.wall_ns);
}

void dial_together(benchmark::State& state, std::size_t worlds, const Loop& loop) {
  if (worlds > 1 && geteuid() != 0)
    return state.SkipWithError("threads of one process in two worlds need root");
  const auto first = make_world(layout_for(loop));
  const auto second = make_world(layout_for(loop));
  if (!ok(state, first) || !ok(state, second)) return;
  const auto one = Dialler::start({&*first}, loop);
  const auto both = Dialler::start({&*first, worlds == 1 ? &*first : &*second}, loop);
  if (!ok(state, one) || !ok(state, both)) return;
  run_against_one(state, *one, *both);
}

}  // namespace

void register_threads() {
  const Loop refused{.destination = loopback(Family::kIpv4, kRefusedPort)};
  const Loop self{.close = Loop::Close::kReset,
                  .outcome = Loop::Outcome::kSelf,
                  .destination = loopback(Family::kIpv4, kSelfPort)};
  const auto add = [](const char* name, std::size_t worlds, const Loop& loop) {
    benchmark::RegisterBenchmark(name, dial_together, worlds, loop)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  };
  add("threads/2/worlds:1/refused", 1, refused);
  add("threads/2/worlds:2/refused", 2, refused);
  // In one world they would take each other's port.
  add("threads/2/worlds:2/self", 2, self);
}

}  // namespace selfconnect::bench
