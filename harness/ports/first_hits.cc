// SPDX-License-Identifier: MIT
#include "harness/ports/first_hits.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace selfconnect {

namespace {

constexpr std::size_t kLongestStep = 8;
constexpr std::size_t kOrders =
    11;  // leaps of up to 1,024 attempts: 8,192 slots at most, half of the default ring

// How far the hint moves in 2^order attempts that all found their first port free: the sum of that many numbers, each
// 1 to 8. Drawn by the alias method (Walker 1977; Vose 1991).
class LeapLength {
 public:
  explicit LeapLength(std::vector<double> probability);        // of each sum, from the least on
  [[nodiscard]] std::size_t draw(RandomSource& random) const;  // above the least

 private:
  struct Column {
    std::uint32_t keep;  // of 2^32
    std::uint32_t alias;
  };
  std::vector<Column> columns_;
};

std::vector<double> convolved(const std::vector<double>& a) {
  std::vector<double> sum(2 * a.size() - 1);
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a.size(); ++j) sum[i + j] += a[i] * a[j];
  }
  return sum;
}

LeapLength::LeapLength(std::vector<double> probability) : columns_(probability.size()) {
  const double count = static_cast<double>(probability.size());
  std::vector<std::uint32_t> small, large;
  for (std::uint32_t i = 0; i < probability.size(); ++i) {
    probability[i] *= count;
    (probability[i] < 1 ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t less = small.back(), more = large.back();
    small.pop_back();
    columns_[less] = {static_cast<std::uint32_t>(probability[less] * 0x1p32), more};
    probability[more] -= 1 - probability[less];
    if (probability[more] >= 1) continue;
    large.pop_back();
    small.push_back(more);
  }
  for (const auto* rest : {&small, &large}) {
    for (const std::uint32_t i : *rest) columns_[i] = {0xffffffff, i};
  }
}

std::size_t LeapLength::draw(RandomSource& random) const {
  const std::uint64_t bits = random.next();
  const auto i = static_cast<std::uint32_t>(((bits >> 32) * columns_.size()) >> 32);
  const Column& column = columns_[i];
  return static_cast<std::uint32_t>(bits) <= column.keep ? i : column.alias;
}

// The tables do not depend on the ring, so they are made once: 15 ms.
const std::vector<LeapLength>& all_leaps() {
  static const std::vector<LeapLength> leaps = [] {
    std::vector<LeapLength> made;
    std::vector<double> probability(kLongestStep, 1.0 / kLongestStep);
    for (std::size_t order = 0; order < kOrders; ++order) {
      if (order > 0) probability = convolved(probability);
      made.emplace_back(probability);
    }
    return made;
  }();
  return leaps;
}

}  // namespace

FirstHits::FirstHits(const CandidateRing& ring, std::uint16_t port, std::uint64_t attempts_per_period,
                     std::uint64_t seed)
    : attempts_per_period_(std::max<std::uint64_t>(attempts_per_period, 1)), random_(seed) {
  for (const ScanEnd& end : ring.places) {
    const Outcome outcome = !end.port           ? Outcome::kNoPort
                            : *end.port == port ? Outcome::kHit
                                                : Outcome::kOtherPort;
    places_.push_back({end.skipped, 0, outcome});
  }
  // Backwards, so that each place knows what follows it; twice, for the first follows on the last.
  for (std::size_t back = 2 * places_.size(); back > 0; --back) {
    Place& place = places_[(back - 1) % places_.size()];
    const bool quiet = place.outcome == Outcome::kOtherPort && place.skipped == 0;
    const std::uint16_t beyond = places_[back % places_.size()].quiet;
    place.quiet = quiet ? static_cast<std::uint16_t>(beyond + 1) : std::uint16_t{0};
  }
}

std::size_t FirstHits::after(std::size_t place) {
  place += std::max<std::size_t>(places_[place].skipped, random_.below(kLongestStep)) + 1;
  while (place >= places_.size()) place -= places_.size();
  return place;
}

std::size_t FirstHits::largest_leap(std::size_t place, std::uint64_t attempts_left) const {
  const std::uint64_t attempts = std::min<std::uint64_t>(places_[place].quiet / kLongestStep, attempts_left);
  return std::min<std::size_t>(attempts == 0 ? 0 : static_cast<std::size_t>(std::bit_width(attempts)) - 1,
                               kOrders - 1);
}

std::uint64_t FirstHits::next() {
  const std::vector<LeapLength>& leaps = all_leaps();
  const auto places = static_cast<std::uint32_t>(places_.size());
  std::uint64_t attempts = 0;
  for (;;) {
    std::size_t place = random_.below(places);
    for (std::uint64_t left = attempts_per_period_; left > 0;) {
      ++draws_;
      const std::size_t order = largest_leap(place, left);
      if (order > 0) {
        const std::uint64_t leap = std::uint64_t{1} << order;
        place = (place + leap + leaps[order].draw(random_)) % places;
        attempts += leap;
        left -= leap;
        continue;
      }
      const Outcome outcome = places_[place].outcome;
      if (outcome == Outcome::kHit) return attempts + 1;
      // Where there is no port each attempt of the period is like this one.
      const std::uint64_t alike = outcome == Outcome::kNoPort ? left : 1;
      attempts += alike;
      left -= alike;
      if (outcome == Outcome::kOtherPort) place = after(place);
    }
  }
}

}  // namespace selfconnect
