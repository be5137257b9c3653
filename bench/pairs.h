// A loop against the bare one: some hundred attempts of each in turns, and the counters that come of them.
// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <memory>

#include "bench/bare.h"
#include "bench/dialler.h"
#include "harness/ports/layout.h"

namespace selfconnect::bench {

inline constexpr std::uint16_t kSelfPort = 50000;  // dialled where a self-connect is wanted
inline constexpr std::uint16_t kRefusedPort = 1;   // dialled where none is: never handed out
// Of a side of a pair: a millisecond or two, less than a time slice, so that most pairs see nothing of what else the
// machine does.
inline constexpr std::uint64_t kAttempts = 128;

[[nodiscard]] Endpoint loopback(Family family, std::uint16_t port);

// Whether the outcome of the loop is what it must be.
enum class Must { kBeAsExpected, kBeAnything };

// Runs the benchmark: each iteration dials with both, the one or the other first in turn, and
// `between` is called after it. Counters:
//   us, bare_us     wall time of one attempt: medians
//   ratio           ours to bare: the median of the pairs' ratios
//   cpu_ratio       the same of CPU time: of the thread that dials and of the harness, which the supervisor of `notify` is
//                   part of. Other work on the machine has less part in it.
//   loop_cpu_ratio  the same of the thread that dials alone
//   attempts/s self/s no_port   of ours; no_port is how many attempts of all found the range exhausted
//   p50_us p90_us p99_us p999_us   of ours
void run_pairs(
    benchmark::State& state, const Dialler& bare, const Dialler& ours, const Loop& loop,
    Must must = Must::kBeAsExpected, const std::function<void()>& between = [] {});

// A new world with the given range and reserved ports.
[[nodiscard]] Result<World> make_world(const PortLayout& layout);

// The reference of a loop, in the world given: the same family, destination and outcome, connections reset.
[[nodiscard]] Loop bare_of(const Loop& loop);

// A world of its own for the reference, and its process.
class Reference {
 public:
  static Result<Reference> start(const Loop& loop);
  [[nodiscard]] const Dialler& dialler() const { return dialler_; }

 private:
  Reference(std::unique_ptr<World> world, Dialler dialler)
      : world_(std::move(world)), dialler_(std::move(dialler)) {}

  std::unique_ptr<World> world_;
  Dialler dialler_;
};

// Two ports from the destination's on where a self-connect is wanted, else the kernel's default.
[[nodiscard]] PortLayout layout_for(const Loop& loop);

// Ends a benchmark: false where the result is an error, which the run then shows.
template <class T>
bool ok(benchmark::State& state, const Result<T>& result) {
  if (!result) state.SkipWithError(result.error().message.c_str());
  return result.has_value();
}

}  // namespace selfconnect::bench
