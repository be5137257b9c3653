// The recurrence over one period against two simulations: the model attempt by attempt, and the one that leaps. Compared
// are distributions of the first hit; by the inequality of Dvoretzky, Kiefer and Wolfowitz (with Massart's constant)
// a right recurrence fails a comparison with a probability of 1e-4 at most. Seeds are fixed.
// SPDX-License-Identifier: MIT
#include "harness/ports/period_flow.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/ports/allocator_model.h"
#include "harness/ports/first_hits.h"
#include "harness/ports/layout.h"

namespace selfconnect {
namespace {

constexpr auto kLinux = PolicyKind::kLinux5_18;
constexpr double kLevel = 1e-4;

struct Situation {
  const char* name;
  PortLayout layout;
  std::uint16_t port;
  std::uint64_t period;  // attempts
};

void PrintTo(const Situation& situation, std::ostream* stream) { *stream << situation.name; }

std::vector<Situation> situations() {
  const std::set<std::uint16_t> holes = {102, 104, 106, 112, 120, 121};
  std::set<std::uint16_t> row;
  for (std::uint16_t port = 100; port < 160; ++port) row.insert(port);
  const PortLayout after_a_row{.low = 100, .high = 259, .reserved = row};
  return {{"Few", {.low = 100, .high = 163, .reserved = {}}, 120, 5},
          {"Laps", {.low = 100, .high = 163, .reserved = {}}, 120, 60},
          {"Holes", {.low = 100, .high = 163, .reserved = holes}, 108, 40},
          {"BetweenHoles", {.low = 100, .high = 163, .reserved = holes}, 110, 40},
          {"AfterARow", after_a_row, 160, 50},
          {"FarAfterARow", after_a_row, 258, 50},
          {"OddLast", {.low = 100, .high = 130, .reserved = {104, 126, 128}}, 130, 30},
          {"OddThird", {.low = 100, .high = 130, .reserved = {128, 130}}, 102, 30},
          {"OddLowest", {.low = 100, .high = 130, .reserved = {128, 126}}, 100, 30},
          {"FewPlaces", {.low = 50000, .high = 50004, .reserved = {50002}}, 50000, 20},
          {"NoPort", {.low = 100, .high = 104, .reserved = {101, 102, 103, 104}}, 100, 3}};
}

class PeriodFlowTest : public ::testing::TestWithParam<Situation> {};

// Of `hits`, first hits of clients that began with the period.
void expect_agreement(const std::vector<double>& first, const std::vector<std::uint64_t>& hits) {
  const auto count = static_cast<double>(hits.size());
  std::vector<double> seen(first.size());
  for (const std::uint64_t hit : hits) {
    if (hit <= first.size()) seen[hit - 1] += 1 / count;
  }
  double difference = 0, largest = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    difference += first[i] - seen[i];
    largest = std::max(largest, std::abs(difference));
  }
  EXPECT_LT(largest, std::sqrt(std::log(2 / kLevel) / (2 * count)));
}

TEST_P(PeriodFlowTest, GivesEachAttemptItsProbabilityToBeTheFirst) {
  const auto& [name, layout, port, period] = GetParam();
  const CandidateRing ring = candidate_ring(kLinux, layout);
  PeriodFlow flow(ring, port, AfterHit::kStop);
  std::vector<double> first(period);
  for (double& probability : first) probability = flow.next();

  FirstHits leaping(ring, port, period, 1);
  std::vector<std::uint64_t> leapt(300'000), stepped;
  for (auto& hit : leapt) hit = leaping.next();
  expect_agreement(first, leapt);

  const Endpoint destination{Address::loopback(Family::kIpv4), port};
  AllocatorModel model(kLinux, layout, 1);
  for (int trial = 0; trial < 30'000; ++trial, model.reseed()) {
    std::uint64_t attempt = 1;
    while (attempt <= period && model.next(destination) != port) ++attempt;
    stepped.push_back(attempt);
  }
  expect_agreement(first, stepped);
}

TEST_P(PeriodFlowTest, LosesNothing) {
  const auto& [name, layout, port, period] = GetParam();
  const CandidateRing ring = candidate_ring(kLinux, layout);
  const bool has_dead_ends = std::ranges::any_of(ring.places, [](const ScanEnd& end) { return !end.port; });
  if (has_dead_ends) return;
  PeriodFlow flow(ring, port, AfterHit::kStop);
  double hit = 0;
  for (std::uint64_t attempt = 0; attempt < period; ++attempt) hit += flow.next();
  EXPECT_NEAR(hit + flow.moving(), 1, 1e-12);
}

TEST_P(PeriodFlowTest, ComesToTheShareInTheLongRun) {
  const auto& [name, layout, port, period] = GetParam();
  const CandidateRing ring = candidate_ring(kLinux, layout);
  if (ring.candidates().size() == 1) return;
  PeriodFlow flow(ring, port, AfterHit::kGoOn);
  double last = 0;
  for (int attempt = 0; attempt < 20'000; ++attempt) last = flow.next();
  EXPECT_NEAR(share_in_the_long_run(ring, port), last, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Situations, PeriodFlowTest, ::testing::ValuesIn(situations()),
                         [](const auto& situation) { return std::string(situation.param.name); });

}  // namespace
}  // namespace selfconnect
