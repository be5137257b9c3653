// A target that dials as fast as it can, 1,000,000 times by default: its speed with the recorder looking on and
// without, and the memory that the harness needs for it.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <fstream>
#include <optional>

#include "bench/bare.h"
#include "harness/check/stage.h"

namespace selfconnect::bench {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

std::vector<std::string> dialler(std::int64_t attempts) {
  return {program("bench/dial_many").string(), "127.0.0.1", "50000", std::to_string(attempts)};
}

// What dial_many printed.
Seconds time_in(std::string_view output) {
  std::int64_t count = 0;
  std::from_chars(output.data(), output.data() + output.size(), count);
  return std::chrono::nanoseconds(count);
}

// A line of /proc/self/status, in MiB.
double mebibytes_of(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != name) continue;
    double kibibytes = 0;
    status >> kibibytes;
    return kibibytes / 1024;
  }
  return 0;
}

// VmHWM begins anew at what is resident now (proc(5), clear_refs).
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

// In a world in which port 50000 is never handed out, as in the phase `refused`, and nobody looks on.
Result<Seconds> untraced(std::int64_t attempts) {
  auto world = World::create();
  if (!world) return std::unexpected(world.error());
  if (auto set = make_range_engine(*world)->release({50000}); !set) return std::unexpected(set.error());
  asio::io_context context(1);
  auto process = Process::launch(context, *world, {.command = dialler(attempts)}, [] {});
  if (!process) return std::unexpected(process.error());
  while (!(*process)->ended()) context.run_one();
  (*process)->drain_output();
  return time_in((*process)->out().head());
}

StageResult<Trace> traced(std::int64_t attempts) {
  asio::io_context context(1);
  CheckOptions options;
  options.command = dialler(attempts);
  CheckObserver observer;
  Performance performance{context, options, observer, false, [] {}};
  Stage stage(performance,
              {.phase = Phase::kRefused, .never = {50000}, .kind = Kind::kOneShot, .timeout = 10min});
  std::optional<StageResult<void>> result;
  asio::co_spawn(context, play_refused(stage),
                 [&](const std::exception_ptr& thrown, StageResult<void> played) {
                   if (thrown) std::rethrow_exception(thrown);
                   result = std::move(played);
                 });
  while (!result) context.run_one();
  if (!*result) return std::unexpected(result->error());
  return std::move(stage.trace());
}

void traced_attempts(benchmark::State& state) {
  const std::int64_t attempts = state.range(0);
  Comparison comparison;
  std::vector<double> growth, untraced_rate, rate;
  std::uint64_t lost = 0, counted = 0;
  for (auto _ : state) {
    const auto free = untraced(attempts);
    if (!free) return state.SkipWithError(free.error().message.c_str());
    reset_peak();
    const double before = mebibytes_of("VmHWM:");
    const auto trace = traced(attempts);
    if (!trace) return state.SkipWithError(trace.error().reason.c_str());
    growth.push_back(mebibytes_of("VmHWM:") - before);
    const Seconds time = time_in(trace->out.head);
    comparison.add(time, *free);
    untraced_rate.push_back(static_cast<double>(attempts) / free->count());
    rate.push_back(static_cast<double>(attempts) / time.count());
    lost += trace->packets_lost;
    counted = trace->counters.active_opens;
    state.SetIterationTime(time.count());
  }
  comparison.report(state);
  state.counters["attempts/s"] = median(rate);
  state.counters["bare_attempts/s"] = median(untraced_rate);
  state.counters["counted"] = static_cast<double>(counted);
  state.counters["packets_lost"] = static_cast<double>(lost);
  state.counters["growth_MiB"] = median(growth);
  state.counters["peak_MiB"] = mebibytes_of("VmHWM:");
}
BENCHMARK(traced_attempts)
    ->ArgName("attempts")
    ->Arg(10'000)
    ->Arg(1'000'000)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace selfconnect::bench
