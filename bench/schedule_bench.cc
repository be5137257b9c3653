// Schedules a second, as `selfconnect fuzz` plays them, and what the director's stop costs an attempt.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/bare.h"
#include "bench/suites.h"
#include "harness/check/check.h"
#include "harness/check/schedule_runner.h"
#include "harness/sys/socket_pair.h"

namespace selfconnect::bench {

namespace {

using Worlds = ScheduleRunner::Worlds;
using namespace std::chrono_literals;

constexpr int kRuns = 50;  // of a worker, in one iteration
constexpr std::uint64_t kAttempts = 20'000;

CheckOptions options_for(std::vector<std::string> command) {
  CheckOptions options;
  options.command = std::move(command);
  options.script = *parse_steps("read:5 say:\"PONG\\n\"");
  return options;
}

// A process with a runner of its own, as a worker of `fuzz` is one. Plays so many runs each time it is told to go.
class Worker {
 public:
  Worker(const std::string& client, Worlds worlds, const Schedule& schedule) {
    auto pair = socket_pair();
    if (!pair) std::abort();
    process_ = fork();
    if (process_ == 0) serve(client, worlds, schedule, pair->far.get());
    near_ = std::move(pair->near);
  }
  ~Worker() {
    shutdown(near_.get(), SHUT_RDWR);  // later workers have copies of it
    waitpid(process_, nullptr, 0);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void go() const { (void)!write(near_.get(), "g", 1); }
  // How many attempts there were; nothing: it cannot run. The first answer comes without go(), when it is ready.
  [[nodiscard]] std::optional<std::uint64_t> answer() const {
    std::uint64_t attempts = 0;
    if (read(near_.get(), &attempts, sizeof(attempts)) != sizeof(attempts)) return std::nullopt;
    return attempts;
  }

 private:
  [[noreturn]] static void serve(const std::string& client, Worlds worlds, const Schedule& schedule, int to) {
    const auto runner = ScheduleRunner::create(options_for({client, "{host}", "{port}"}), worlds);
    std::uint64_t attempts = 0;
    char go = 0;
    while (runner && write(to, &attempts, sizeof(attempts)) == sizeof(attempts) && read(to, &go, 1) == 1) {
      attempts = 0;
      for (int run = 0; run < kRuns; ++run) {
        const CheckResult result = (*runner)->run(schedule, ScheduleRunner::Depth::kQuick);
        attempts += result.run.traces.empty() ? 0 : result.run.traces.back().scheduled.size();
      }
    }
    _exit(0);
  }

  pid_t process_ = -1;
  UniqueFd near_;
};

// Four attempts each. The bare loop, beside it, is one process on one core, and has no network to set up for an attempt.
void schedules(benchmark::State& state, const std::string& client, Worlds worlds) {
  const Schedule schedule = *parse_schedule("refuse self reset serve");
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < state.range(0); ++i) {
    workers.push_back(std::make_unique<Worker>(client, worlds, schedule));
    if (!workers.back()->answer()) return state.SkipWithError("the client cannot be run here");
  }
  std::vector<double> rates;
  std::vector<double> bare_rates;
  for (auto _ : state) {
    bare_rates.push_back(1 / bare_loop(kRuns).count());
    const auto start = Clock::now();
    for (const auto& worker : workers) worker->go();
    for (const auto& worker : workers) {
      if (worker->answer() != 4 * kRuns) return state.SkipWithError("a schedule had not four attempts");
    }
    const Seconds took = Clock::now() - start;
    rates.push_back(static_cast<double>(kRuns * workers.size()) / took.count());
    state.SetIterationTime(took.count());
  }
  state.counters["schedules/s"] = median(rates);
  state.counters["bare/s"] = median(bare_rates);
}

// What the client itself says that its attempts took; nothing: it said nothing.
std::optional<Seconds> time_of(const Run& run, Phase phase) {
  const auto trace = std::ranges::find(run.traces, phase, &Trace::phase);
  if (trace == run.traces.end() || trace->out.head.empty()) return std::nullopt;
  return std::chrono::nanoseconds(std::stoll(trace->out.head));
}

// Refused attempts that are stopped and directed, against the same client where nothing stops it.
void directed_attempt(benchmark::State& state) {
  const OneCore pinned;
  CheckObserver nobody;
  CheckOptions free =
      options_for({program("bench/dial_many").native(), "{host}", "{port}", std::to_string(kAttempts)});
  free.phases = {Phase::kRefused};
  free.engine = EngineChoice::kRange;
  free.kind = Kind::kOneShot;
  CheckOptions directed = free;
  directed.engine = EngineChoice::kNotify;
  directed.schedule = *parse_schedule(fmt::format("refuse*{} serve", kAttempts));
  Comparison comparison;
  for (auto _ : state) {
    const auto free_time = time_of(check(free, nobody).run, Phase::kRefused);
    const auto directed_time = time_of(check(directed, nobody).run, Phase::kSchedule);
    if (!free_time || !directed_time) return state.SkipWithError("the client did not end");
    comparison.add(*directed_time / kAttempts, *free_time / kAttempts);
    state.SetIterationTime(directed_time->count());
  }
  comparison.report(state, "", Comparison::Unit::kMicroseconds);
}
BENCHMARK(directed_attempt)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace

void register_schedules() {
  const auto add = [](const std::string& name, const std::filesystem::path& client, Worlds worlds) {
    benchmark::RegisterBenchmark(name.c_str(), schedules, client.string(), worlds)
        ->ArgName("workers")
        ->Arg(1)
        ->Arg(2)
        ->Arg(4)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  };
  for (const auto& [name, worlds] :
       {std::pair{"fresh_schedules", Worlds::kFresh}, {"recycled_schedules", Worlds::kRecycled}}) {
    add(name, program("bench/dial_until_served"), worlds);
    const auto small = program("bench/dial_until_served_musl");
    if (std::filesystem::exists(small)) add(fmt::format("{}/musl", name), small, worlds);
  }
}

}  // namespace selfconnect::bench
