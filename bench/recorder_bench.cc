// What a measurement costs its target: a loop whose attempts `measure` records, against the same loop under the same
// engine with nobody looking on. Here `bare_us` is the latter. `lost` are attempts that the recorder missed.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <thread>

#include "bench/pairs.h"
#include "bench/suites.h"
#include "harness/measure/trial_world.h"
#include "harness/ports/engine_choice.h"
#include "harness/ports/world_ports.h"

namespace selfconnect::bench {

namespace {

constexpr auto kLook = std::chrono::milliseconds(20);  // as measure() does
const Loop kLoop{.destination = loopback(Family::kIpv4, kRefusedPort)};

// A world, and the loop in it under an engine.
struct Watched {
  std::unique_ptr<World> world;
  std::unique_ptr<TrialWorld> trial;
  std::unique_ptr<Engine> engine;  // where there is no trial, which has it
  std::unique_ptr<Dialler> dialler;
};

Result<void> dial_in(Watched& watched, const Engine& engine) {
  auto dialler = Dialler::start({watched.world.get()}, kLoop, engine.confinement());
  if (!dialler) return std::unexpected(dialler.error());
  watched.dialler = std::make_unique<Dialler>(std::move(*dialler));
  return {};
}

Result<std::unique_ptr<Engine>> engine_in(Watched& watched, const MeasureOptions& options) {
  auto world = make_world(options.open);
  if (!world) return std::unexpected(world.error());
  watched.world = std::make_unique<World>(std::move(*world));
  return make_engine(options.engine, *watched.world);
}

Result<Watched> unrecorded(const MeasureOptions& options) {
  Watched watched;
  auto engine = engine_in(watched, options);
  if (!engine) return std::unexpected(engine.error());
  if (auto followed = (*engine)->follow(
          options.policy, {.open = options.open, .never = {}, .destination = options.destination});
      !followed)
    return std::unexpected(followed.error());
  if (auto started = dial_in(watched, **engine); !started) return std::unexpected(started.error());
  watched.engine = std::move(*engine);
  return watched;
}

Result<Watched> recorded(boost::asio::io_context& context, const MeasureOptions& options, TrialTally& tally) {
  Watched watched;
  auto engine = engine_in(watched, options);
  if (!engine) return std::unexpected(engine.error());
  const Engine& kept = **engine;
  auto trial = TrialWorld::open(context, *watched.world, std::move(*engine), options, tally, [] {});
  if (!trial) return std::unexpected(trial.error());
  watched.trial = std::move(*trial);
  if (auto started = dial_in(watched, kept); !started) return std::unexpected(started.error());
  return watched;
}

void dial_recorded(benchmark::State& state, EngineChoice engine, const Policy& policy) {
  MeasureOptions options;
  options.policy = policy;
  options.engine = engine;
  options.destination = kLoop.destination;
  const auto alone = unrecorded(options);
  if (!ok(state, alone)) return;

  boost::asio::io_context context(1);
  WaitSample waits(0);
  TrialTally tally(options.limits, options.destination.port, PortsBy::kEngine, waits);
  auto watched = recorded(context, options, tally);
  if (!ok(state, watched)) return;
  std::jthread harness([&](const std::stop_token& end) {
    for (; !end.stop_requested(); std::this_thread::sleep_for(kLook)) watched->trial->count();
  });
  run_pairs(state, *alone->dialler, *watched->dialler, kLoop);
  harness.request_stop();
  harness.join();
  watched->dialler.reset();  // what is in a cgroup has to go before it
  const Trial trial = watched->trial->close();
  state.counters["counted"] = static_cast<double>(trial.counts.attempts);
  state.counters["lost"] = static_cast<double>(trial.lost);
}

}  // namespace

void register_recorders() {
  const auto add = [](const char* name, EngineChoice engine, const Policy& policy) {
    benchmark::RegisterBenchmark(name, dial_recorded, engine, policy)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  };
  add("measure/range/kernel", EngineChoice::kRange, Policy::kernel());
  add("measure/hook/sequential", EngineChoice::kHook, Policy::sequential(10'000, 60'000));
}

}  // namespace selfconnect::bench
