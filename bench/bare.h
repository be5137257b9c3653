// What the benchmarks compare the harness with, and how: one core, batches taken in turns, the median of their
// ratios.
// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>
#include <sched.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace selfconnect::bench {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

// Of the build: "targets/static", "bench/dial_many". They lie beside this program.
[[nodiscard]] std::filesystem::path program(const std::string& name);

// A client that dials once, is refused or connected to itself, and exits. Statically linked.
[[nodiscard]] std::vector<std::string> one_shot_client();

// Runs bare_loop; the time of one turn. Aborts when it fails: there is nothing to compare with then.
[[nodiscard]] Seconds bare_loop(int turns);

// This process, and what it starts, on one core from construction to destruction.
class OneCore {
 public:
  OneCore();
  ~OneCore();
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;

 private:
  cpu_set_t before_{};
};

[[nodiscard]] double median(std::vector<double> values);

// Times of the harness and of the bare thing, pair by pair.
class Comparison {
 public:
  void add(Seconds harness, Seconds bare);
  enum class Unit { kMilliseconds, kMicroseconds };
  // Counters "ms", "bare_ms" (medians; or "us", "bare_us") and "ratio" (the median of the pairs' ratios), with `prefix`
  // before them.
  void report(benchmark::State& state, const std::string& prefix = "", Unit unit = Unit::kMilliseconds) const;
  // The last of them only.
  void report_ratio(benchmark::State& state, const std::string& prefix = "") const;

 private:
  std::vector<double> harness_, bare_, ratios_;
};

}  // namespace selfconnect::bench
