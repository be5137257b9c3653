// SPDX-License-Identifier: MIT
#include "harness/ports/prediction.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "harness/ports/allocator_model.h"
#include "harness/ports/candidate_ring.h"
#include "harness/ports/first_hits.h"

namespace selfconnect {

namespace {

constexpr std::size_t kSteps = 8;  // linux-5.18 moves its hint on by 1 to 8 slots
constexpr std::uint64_t kSeed = 1;

// The k-th smallest of the sorted `attempts` for each probability, and their mean.
void summarise(const std::vector<double>& attempts, Prediction& prediction) {
  const auto count = static_cast<double>(attempts.size());
  prediction.expected_attempts = std::accumulate(attempts.begin(), attempts.end(), 0.0) / count;
  for (auto& [probability, value] : prediction.until) {
    const auto rank = static_cast<std::size_t>(std::ceil(probability * count));
    value = attempts[std::clamp<std::size_t>(rank, 1, attempts.size()) - 1];
  }
}

// The hint may stand anywhere; the walk then comes by in turn.
void predict_walk(const CandidateRing& ring, std::size_t target, Prediction& prediction) {
  std::vector<double> attempts;
  double count = 1;
  for (std::size_t back = 0; back < ring.slots(); ++back) {
    if (back > 0 && ring.usable[(target + ring.slots() - back) % ring.slots()]) ++count;
    attempts.push_back(count);
  }
  prediction.per_attempt = 1 / static_cast<double>(ring.candidates());
  summarise(attempts, prediction);
}

// In each block of `block` attempts the port comes up once at most, with `per_attempt` at each of them; blocks are
// independent. A block of 1: the geometric distribution.
void predict_blocks(double block, double per_attempt, Prediction& prediction) {
  const double missed = 1 - block * per_attempt;  // a whole block
  prediction.per_attempt = per_attempt;
  prediction.expected_attempts = (1 - (block - 1) * per_attempt / 2) / per_attempt;
  for (auto& [probability, attempts] : prediction.until) {
    const double blocks = missed > 0 ? std::floor(std::log1p(-probability) / std::log(missed)) : 0;
    const double left =
        (1 - probability) / std::pow(missed, blocks);  // of the chance to miss, within the next block
    attempts = std::max(1.0, blocks * block + std::ceil((1 - left) / per_attempt - 1e-9));
  }
}

// The share of attempts that begin at one of the places that lead to the port, in the long run: the walk is followed
// as a flow of probability around the ring until it no longer changes.
double share_of_attempts(const CandidateRing& ring, std::size_t target) {
  const std::size_t slots = ring.slots(), starts = ring.starts_leading_to(target);
  std::vector<std::size_t> skipped(slots);
  for (std::size_t back = 1; back < slots; ++back) {
    const std::size_t slot = (target + slots - back) % slots;
    if (!ring.usable[slot]) skipped[slot] = skipped[(slot + 1) % slots] + 1;
  }
  std::vector<double> flow(slots, 1.0 / static_cast<double>(slots));
  double all = 0, leading = 0;
  const std::size_t laps = std::max<std::size_t>(4, 8192 / slots);
  for (std::size_t lap = 0; lap < laps; ++lap) {
    all = leading = 0;
    for (std::size_t slot = 0; slot < slots; ++slot) {
      const double here = std::exchange(flow[slot], 0.0);
      all += here;
      if ((target + slots - slot) % slots < starts) leading += here;
      for (std::size_t random = 0; random < kSteps; ++random) {
        flow[(slot + std::max(skipped[slot], random) + 1) % slots] += here / kSteps;
      }
    }
  }
  return leading / all;
}

void simulate(const CandidateRing& ring, std::size_t target, double attempts_per_period,
              Prediction& prediction) {
  prediction.method = Method::kSimulation;
  prediction.per_attempt = share_of_attempts(ring, target);
  FirstHits hits(ring, target, static_cast<std::uint64_t>(attempts_per_period), kSeed);
  std::vector<double> attempts(kSimulatedHits);
  std::ranges::generate(attempts, [&] { return static_cast<double>(hits.next()); });
  std::ranges::sort(attempts);
  summarise(attempts, prediction);
}

void predict_linux_5_18(const PredictionQuestion& question, const CandidateRing& ring, std::size_t target,
                        Prediction& prediction) {
  const auto slots = static_cast<double>(ring.slots());
  const auto leading = static_cast<double>(ring.starts_leading_to(target));
  const double period = std::max(
      1.0, std::round(question.attempts_per_second * std::chrono::duration<double>(kReseedPeriod).count()));
  const bool all_usable = ring.candidates() == ring.slots();
  if (ring.candidates() == 1 || period == 1) return predict_blocks(1, leading / slots, prediction);
  if (all_usable && period * kSteps <= slots) return predict_blocks(period, 1 / slots, prediction);
  simulate(ring, target, period, prediction);
}

}  // namespace

Chance chance_of(const PredictionQuestion& question) {
  const auto& [model, layout, port, rate, until] = question;
  if (port < layout.low || port > layout.high) return Chance::kOutOfRange;
  if (layout.reserved.contains(port)) return Chance::kReserved;
  if (model == PolicyKind::kFreebsd && port == layout.low && layout.low != layout.high &&
      !layout.reserved.contains(layout.high)) {
    return Chance::kLowest;
  }
  if (candidate_ring(model, layout).slot_of(port)) return Chance::kPossible;
  const bool odd_length = (layout.high - layout.low) % 2 == 0;
  return odd_length && port == layout.high ? Chance::kOddRangeLast : Chance::kOtherParity;
}

std::size_t candidates_of(const PredictionQuestion& question) {
  const CandidateRing ring = candidate_ring(question.model, question.layout);
  PredictionQuestion lowest = question;
  lowest.port = question.layout.low;
  return ring.candidates() - (chance_of(lowest) == Chance::kLowest ? 1 : 0);
}

Prediction predict(const PredictionQuestion& question) {
  const CandidateRing ring = candidate_ring(question.model, question.layout);
  Prediction prediction{.chance = chance_of(question), .candidates = candidates_of(question)};
  const auto target = ring.slot_of(question.port);
  if (prediction.chance != Chance::kPossible || !target) return prediction;
  for (const double probability : question.until) prediction.until.push_back({probability, 0});
  switch (question.model) {
    case PolicyKind::kLinux5_18:
      predict_linux_5_18(question, ring, *target, prediction);
      break;
    case PolicyKind::kFreebsd: {
      // No scan starts at the lowest port, unless it is the only one.
      const auto starts = static_cast<double>(std::max<std::size_t>(ring.slots() - 1, 1));
      std::size_t leading = ring.starts_leading_to(*target);
      if (leading > *target && ring.slots() > 1) --leading;
      predict_blocks(1, static_cast<double>(leading) / starts, prediction);
      break;
    }
    default:
      predict_walk(ring, *target, prediction);
  }
  return prediction;
}

}  // namespace selfconnect
