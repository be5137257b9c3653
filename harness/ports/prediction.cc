// SPDX-License-Identifier: MIT
#include "harness/ports/prediction.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "harness/ports/allocator_model.h"
#include "harness/ports/candidate_ring.h"
#include "harness/ports/first_hits.h"
#include "harness/ports/period_flow.h"

namespace selfconnect {

namespace {

constexpr std::size_t kLongestStep = 8;  // linux-5.18 moves its hint on by 1 to 8 places
constexpr std::uint64_t kSeed = 1;

// What an answer may cost: PeriodFlow::cost(), for two flows less than 0.1 s; and draws of a simulation, 1.5 s.
constexpr std::size_t kMostFlow = 150'000'000;
constexpr std::uint64_t kMostDraws = 100'000'000;
constexpr double kNothing = 1e-13;  // a probability that is left out

// The k-th smallest of the `attempts` for each probability, and their mean.
void summarise(std::vector<double> attempts, Prediction& prediction) {
  std::ranges::sort(attempts);
  const auto count = static_cast<double>(attempts.size());
  prediction.expected_attempts = std::accumulate(attempts.begin(), attempts.end(), 0.0) / count;
  for (auto& [probability, value] : prediction.until) {
    const auto rank = static_cast<std::size_t>(std::ceil(probability * count));
    value = attempts[std::clamp<std::size_t>(rank, 1, attempts.size()) - 1];
  }
}

// By the place of the first one: attempts of a walk until it is given the port; infinite: never.
std::vector<double> attempts_of_walk(const CandidateRing& ring, std::uint16_t port) {
  const std::size_t places = ring.places.size();
  std::vector<double> attempts(places, std::numeric_limits<double>::infinity());
  // Backwards, each knows what follows it; again for those that the walk comes to by the end of the ring.
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t place = places; place-- > 0;) {
      const ScanEnd& end = ring.places[place];
      const std::size_t after = end.port ? (place + end.skipped + 1) % places : place;
      const double needed = end.port == port ? 1 : attempts[after] + 1;
      changed = changed || needed != attempts[place];
      attempts[place] = needed;
    }
  }
  return attempts;
}

// The hint may stand anywhere; the walk then comes by in turn.
void predict_walk(const CandidateRing& ring, std::uint16_t port, Prediction& prediction) {
  const std::vector<double> attempts = attempts_of_walk(ring, port);
  const auto leading = static_cast<std::size_t>(std::ranges::find(attempts, 1.0) - attempts.begin());
  const double lap = attempts[(leading + ring.places[leading].skipped + 1) % attempts.size()];
  const auto reaching = std::ranges::count_if(attempts, [](double value) { return std::isfinite(value); });
  prediction.per_attempt = static_cast<double>(reaching) / static_cast<double>(attempts.size()) / lap;
  summarise(attempts, prediction);
}

// Periods of `length` attempts, independent of each other; `first`: the probability of each of its attempts, from the
// first on, to be the first of the period that is given the port. A period of 1: the geometric distribution.
void predict_periods(std::span<const double> first, double length, Prediction& prediction) {
  double hit = 0, attempts = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    hit += first[i];
    attempts += first[i] * static_cast<double>(i + 1);
  }
  const double missed = std::max(0.0, 1 - hit);  // a whole period
  prediction.expected_attempts = (attempts + missed * length) / hit;
  for (auto& [probability, value] : prediction.until) {
    const double periods =
        missed > 0 ? std::max(0.0, std::ceil(std::log1p(-probability) / std::log(missed) - 1e-9) - 1) : 0;
    const double left =
        (1 - probability) / std::pow(missed, periods);  // of the chance to miss, within the next period
    std::size_t within = 0;
    for (double sum = 0; within < first.size() && (within == 0 || sum < 1 - left - 1e-9 * hit); ++within)
      sum += first[within];
    value = periods * length + static_cast<double>(within);
  }
}

// The share of attempts that are given the port by a client that goes on whatever it is given: of a long period the
// beginning is followed, and the rest taken for a walk that has been going on for long.
double share_of_attempts(const CandidateRing& ring, std::uint16_t port, std::uint64_t period) {
  if (ring.skips_nothing()) return 1 / static_cast<double>(ring.places.size());
  PeriodFlow flow(ring, port, AfterHit::kGoOn);
  double hits = 0, last = 0;
  std::uint64_t followed = 0;
  for (std::size_t cost = 0; followed < period && cost < kMostFlow; ++followed) {
    cost += flow.cost();
    hits += last = flow.next();
  }
  if (followed < period) {
    const double later = ring.candidates().size() > 1 ? share_in_the_long_run(ring, port) : last;
    hits += later * static_cast<double>(period - followed);
  }
  return hits / static_cast<double>(period);
}

// For predict_periods(). Nothing where it takes too long.
std::optional<std::vector<double>> first_hits_of_period(const CandidateRing& ring, std::uint16_t port,
                                                        std::uint64_t period) {
  PeriodFlow flow(ring, port, AfterHit::kStop);
  std::vector<double> first;
  for (std::size_t cost = 0; first.size() < period && flow.moving() >= kNothing;) {
    cost += flow.cost();
    if (cost > kMostFlow) return std::nullopt;
    first.push_back(flow.next());
  }
  return first;
}

void simulate(const CandidateRing& ring, std::uint16_t port, std::uint64_t period, Prediction& prediction) {
  FirstHits hits(ring, port, period, kSeed);
  std::vector<double> attempts;
  do {
    attempts.push_back(static_cast<double>(hits.next()));
  } while (attempts.size() < kSimulatedHits && hits.draws() < kMostDraws);
  prediction.method = Method::kSimulation;
  prediction.simulated_hits = attempts.size();
  summarise(std::move(attempts), prediction);
}

void predict_linux_5_18(const PredictionQuestion& question, const CandidateRing& ring,
                        Prediction& prediction) {
  const std::size_t places = ring.places.size(), leading = ring.places_leading_to(question.port);
  const double start = static_cast<double>(leading) / static_cast<double>(places);
  const auto period = static_cast<std::uint64_t>(std::max(
      1.0, std::round(question.attempts_per_second * std::chrono::duration<double>(kReseedPeriod).count())));
  prediction.per_attempt = start;
  if (period == 1 || leading == places) return predict_periods(std::array{start}, 1, prediction);
  const auto length = static_cast<double>(period);
  if (ring.skips_nothing() && period * kLongestStep <= places)
    return predict_periods(std::vector<double>(period, start), length, prediction);
  prediction.per_attempt = share_of_attempts(ring, question.port, period);
  if (const auto first = first_hits_of_period(ring, question.port, period)) {
    prediction.method = Method::kRecurrence;
    return predict_periods(*first, length, prediction);
  }
  simulate(ring, question.port, period, prediction);
}

Chance chance_in(const CandidateRing& ring, const PredictionQuestion& question) {
  const auto& [low, high, reserved] = question.layout;
  if (question.port < low || question.port > high) return Chance::kOutOfRange;
  if (reserved.contains(question.port)) return Chance::kReserved;
  if (ring.places_leading_to(question.port) > 0) return Chance::kPossible;
  if (question.model == PolicyKind::kFreebsd) return Chance::kLowest;
  const bool odd_length = (high - low) % 2 == 0;
  return odd_length && question.port == high ? Chance::kOddRangeLast : Chance::kOtherParity;
}

}  // namespace

Chance chance_of(const PredictionQuestion& question) {
  return chance_in(candidate_ring(question.model, question.layout), question);
}

bool are_all_alike(const PredictionQuestion& question) {
  return candidate_ring(question.model, question.layout).skips_nothing();
}

Prediction predict(const PredictionQuestion& question) {
  const CandidateRing ring = candidate_ring(question.model, question.layout);
  Prediction prediction{.chance = chance_in(ring, question), .candidates = ring.candidates().size()};
  if (prediction.chance != Chance::kPossible) return prediction;
  for (const double probability : question.until) prediction.until.push_back({probability, 0});
  switch (question.model) {
    case PolicyKind::kLinux5_18:
      predict_linux_5_18(question, ring, prediction);
      break;
    case PolicyKind::kFreebsd:
      prediction.per_attempt = static_cast<double>(ring.places_leading_to(question.port)) /
                               static_cast<double>(ring.places.size());
      predict_periods(std::array{prediction.per_attempt}, 1, prediction);
      break;
    default:
      predict_walk(ring, question.port, prediction);
  }
  return prediction;
}

}  // namespace selfconnect
