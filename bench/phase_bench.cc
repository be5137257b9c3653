// Judged self-connect phases of a client that exits at once, many in flight on one core, against the bare loop.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>

#include "bench/bare.h"
#include "harness/check/stage.h"
#include "harness/judge/verdict.h"

namespace selfconnect::bench {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// So many that the end of a batch, which waits some 15 ms for the last captures to close, is little of it: wanted is throughput.
constexpr int kBatch = 250;

// Plays and judges phases one after the other until none are left to begin; several of these share a context.
class Player {
 public:
  Player(asio::io_context& context, int& to_begin) : context_(context), to_begin_(to_begin) {
    options_.command = one_shot_client();
  }

  asio::awaitable<void> play() {
    Performance performance{context_, options_, observer_, false, [] {}};
    while (to_begin_-- > 0) {
      Run run;
      run.kind = Kind::kOneShot;
      {
        Stage stage(performance, plan());
        if (auto played = co_await play_self_connect(stage); !played) {
          failure_ = played.error().reason;
          co_return;
        }
        run.traces.push_back(std::move(stage.trace()));
      }
      if (const auto& attempts = run.traces.front().attempts; attempts.self_connected != 1) {
        failure_ = fmt::format("{} of {} attempts of a phase self-connected: expected 1",
                               attempts.self_connected, attempts.total);
      }
      benchmark::DoNotOptimize(judge(run, {}));
    }
  }

  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  static PhasePlan plan() {
    return {.phase = Phase::kSelfConnect,
            .destination = Endpoint{Address::loopback(Family::kIpv4), 50000},
            .kind = Kind::kOneShot,
            .timeout = 10s};
  }

  asio::io_context& context_;
  int& to_begin_;
  CheckOptions options_;
  CheckObserver observer_;
  std::string failure_;
};

Seconds cpu_time() {
  Seconds total{};
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      total += std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
    }
  }
  return total;
}

void judged_phase(benchmark::State& state) {
  const OneCore pinned;
  Comparison comparison, cpu;
  for (auto _ : state) {
    auto cpu_start = cpu_time();
    const Seconds bare = bare_loop(kBatch);
    const Seconds bare_cpu = (cpu_time() - cpu_start) / kBatch;

    cpu_start = cpu_time();
    const auto start = Clock::now();
    int to_begin = kBatch;
    {
      asio::io_context context(1);
      std::vector<std::unique_ptr<Player>> players;
      for (int i = 0; i < state.range(0); ++i) {
        players.push_back(std::make_unique<Player>(context, to_begin));
        asio::co_spawn(context, players.back()->play(), [](const std::exception_ptr& thrown) {
          if (thrown) std::rethrow_exception(thrown);
        });
      }
      context.run();
      for (const auto& player : players) {
        if (!player->failure().empty()) return state.SkipWithError(player->failure().c_str());
      }
    }
    const Seconds one = Seconds(Clock::now() - start) / kBatch;
    comparison.add(one, bare);
    cpu.add((cpu_time() - cpu_start) / kBatch, bare_cpu);
    state.SetIterationTime(one.count() * kBatch);
  }
  comparison.report(state);
  cpu.report(state, "cpu_");
}
BENCHMARK(judged_phase)->ArgName("in_flight")->Arg(1)->Arg(4)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace selfconnect::bench
