// One whole `check` of a client that exits at once: all its phases, wall time.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include <algorithm>

#include "bench/bare.h"
#include "harness/check/check.h"

namespace selfconnect::bench {

namespace {

void whole_check(benchmark::State& state) {
  CheckOptions options;
  options.command = one_shot_client();
  CheckObserver observer;
  std::vector<double> milliseconds;
  std::size_t phases = 0;
  for (auto _ : state) {
    const auto start = Clock::now();
    const CheckResult result = check(options, observer);
    milliseconds.push_back(Seconds(Clock::now() - start).count() * 1e3);
    if (result.judgement.verdict != Verdict::kPass) {
      const std::string& reason = result.judgement.reason;
      return state.SkipWithError(reason.empty() ? "the client did not pass" : reason.c_str());
    }
    phases = result.run.traces.size();
  }
  state.counters["phases"] = static_cast<double>(phases);
  state.counters["median_ms"] = median(milliseconds);
  state.counters["longest_ms"] = *std::ranges::max_element(milliseconds);
}
BENCHMARK(whole_check)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace selfconnect::bench
