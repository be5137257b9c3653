// What a prediction costs: the closed form, the simulation of one first hit, and one step of the model.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include "harness/ports/allocator_model.h"
#include "harness/ports/candidate_ring.h"
#include "harness/ports/first_hits.h"
#include "harness/ports/prediction.h"

namespace selfconnect {
namespace {

constexpr std::uint16_t kPort = 50000;

void predict_closed_form(benchmark::State& state) {
  PredictionQuestion question;
  question.port = kPort;
  question.attempts_per_second = 1;
  for (auto _ : state) benchmark::DoNotOptimize(predict(question));
}
BENCHMARK(predict_closed_form)->Unit(benchmark::kMillisecond);

void simulated_first_hit(benchmark::State& state) {
  const CandidateRing ring = candidate_ring(PolicyKind::kLinux5_18, {});
  FirstHits hits(ring, ring.slot_of(kPort).value(), static_cast<std::uint64_t>(state.range(0)), 1);
  for (auto _ : state) benchmark::DoNotOptimize(hits.next());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(simulated_first_hit)->ArgName("attempts_per_period")->Arg(10'000)->Arg(1'000'000);

void model_step(benchmark::State& state) {
  AllocatorModel model(PolicyKind::kLinux5_18, {}, 1);
  const Endpoint destination{Address::loopback(Family::kIpv4), kPort};
  for (auto _ : state) benchmark::DoNotOptimize(model.next(destination));
}
BENCHMARK(model_step);

}  // namespace
}  // namespace selfconnect
