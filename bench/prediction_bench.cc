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

PredictionQuestion asked(double attempts_per_second, PortLayout layout = {}) {
  PredictionQuestion question;
  question.layout = std::move(layout);
  question.port = kPort;
  question.attempts_per_second = attempts_per_second;
  return question;
}

// Nothing reserved, one port, most of the range, or of the largest range there is every second or every 32nd candidate.
PortLayout layout_of(int kind) {
  PortLayout layout;
  if (kind == 1) layout.reserved = {40000};
  if (kind == 2) {
    for (std::uint16_t port = layout.low; port < kPort; ++port) layout.reserved.insert(port);
  }
  if (kind >= 3) {
    layout = {.low = 2, .high = 65535, .reserved = {}};
    for (int port = 2; port < 65534; port += kind == 3 ? 4 : 64)
      layout.reserved.insert(static_cast<std::uint16_t>(port));
  }
  return layout;
}

void predict_closed_form(benchmark::State& state) {
  const PredictionQuestion question = asked(1);
  for (auto _ : state) benchmark::DoNotOptimize(predict(question));
}
BENCHMARK(predict_closed_form)->Unit(benchmark::kMillisecond);

// From a few attempts in a period to more than a recurrence is used for. `reserved`: see layout_of().
void predict_reserved(benchmark::State& state) {
  const PredictionQuestion question =
      asked(static_cast<double>(state.range(1)) / 10, layout_of(static_cast<int>(state.range(0))));
  Prediction prediction;
  for (auto _ : state) benchmark::DoNotOptimize(prediction = predict(question));
  state.counters["recurrence"] = prediction.method == Method::kRecurrence ? 1 : 0;
  state.counters["simulated_hits"] = static_cast<double>(prediction.simulated_hits);
}
BENCHMARK(predict_reserved)
    ->ArgNames({"reserved", "attempts_per_period"})
    ->ArgsProduct({{0, 1, 2, 3, 4}, {2, 10, 400, 4'000, 10'000, 1'000'000}})
    ->Unit(benchmark::kMillisecond);

void simulated_first_hit(benchmark::State& state) {
  const CandidateRing ring =
      candidate_ring(PolicyKind::kLinux5_18, layout_of(static_cast<int>(state.range(0))));
  FirstHits hits(ring, kPort, static_cast<std::uint64_t>(state.range(1)), 1);
  for (auto _ : state) benchmark::DoNotOptimize(hits.next());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(simulated_first_hit)
    ->ArgNames({"reserved", "attempts_per_period"})
    ->ArgsProduct({{0, 1, 2, 3, 4}, {2'300, 10'000, 1'000'000}});

void model_step(benchmark::State& state) {
  AllocatorModel model(PolicyKind::kLinux5_18, {}, 1);
  const Endpoint destination{Address::loopback(Family::kIpv4), kPort};
  for (auto _ : state) benchmark::DoNotOptimize(model.next(destination));
}
BENCHMARK(model_step);

}  // namespace
}  // namespace selfconnect
