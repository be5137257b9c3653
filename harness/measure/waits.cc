// SPDX-License-Identifier: MIT
#include "harness/measure/waits.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

namespace selfconnect {

using std::chrono::nanoseconds;

namespace {

constexpr double kMostJitter = 0.5;  // beyond it no rule can be told from the waits
constexpr double kConfidence = 0.95;

// The nearest-rank quantile of sorted values.
nanoseconds quantile(const std::vector<nanoseconds>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted.at(std::max<std::size_t>(rank, 1) - 1);
}

// Without those that only stay at the cap: of them one.
std::span<const nanoseconds> growing_part(std::span<const nanoseconds> waits) {
  const auto largest = std::ranges::max(waits);
  const auto at_cap = [&](nanoseconds wait) { return wait >= largest - largest / 4; };
  const auto first = std::ranges::find_if(waits, at_cap);
  const bool stays = std::all_of(first, waits.end(), at_cap);
  if (!stays || first == waits.begin()) return waits;
  return waits.first(static_cast<std::size_t>(first - waits.begin()) + 1);
}

// Of the waits' logarithms, by their number from 0.
struct Line {
  double start = 0;
  double slope = 0;
};

// By least squares; level, where a slope of nothing is inside the interval that has the slope with kConfidence.
Line fitted_line(std::span<const nanoseconds> waits) {
  const auto count = static_cast<double>(waits.size());
  const double middle = (count - 1) / 2;
  std::vector<double> logs;
  for (const nanoseconds wait : waits) logs.push_back(std::log(static_cast<double>(wait.count())));
  const double mean = std::accumulate(logs.begin(), logs.end(), 0.0) / count;
  double spread = 0, common = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const double x = static_cast<double>(i) - middle;
    spread += x * x;
    common += x * (logs[i] - mean);
  }
  const double slope = common / spread;
  double unexplained = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const double rest = logs[i] - mean - slope * (static_cast<double>(i) - middle);
    unexplained += rest * rest;
  }
  const double free = count - 2;
  const double error = std::sqrt(unexplained / free / spread);
  const boost::math::students_t_distribution<double> student(free);
  if (std::abs(slope) <= boost::math::quantile(student, (1 + kConfidence) / 2) * error)
    return {.start = mean};
  return {.start = mean - slope * middle, .slope = slope};
}

}  // namespace

std::optional<BackoffFit> fit_backoff(std::span<const nanoseconds> all) {
  if (all.size() < kFewestForBackoff || std::ranges::min(all) <= nanoseconds::zero()) return std::nullopt;
  std::span<const nanoseconds> waits = growing_part(all);
  if (waits.size() < kFewestForBackoff) waits = all;
  const Line line = fitted_line(waits);
  BackoffFit fit{.factor = std::exp(line.slope)};
  for (std::size_t i = 0; i < waits.size(); ++i) {
    const double fitted = std::exp(line.start + line.slope * static_cast<double>(i));
    fit.jitter = std::max(fit.jitter, std::abs(static_cast<double>(waits[i].count()) / fitted - 1));
  }
  if (fit.jitter > kMostJitter) return std::nullopt;
  return fit;
}

void WaitSample::add(nanoseconds wait) {
  ++count_;
  max_ = std::max(max_, wait);
  if (sample_.size() < limit_) return sample_.push_back(wait);
  const std::uint64_t place = random_() % count_;
  if (place < limit_) sample_[place] = wait;
}

void WaitSample::launched() {
  has_launch_ = has_launch_ || first_.size() >= kFewestForBackoff;
  if (!has_launch_) first_.clear();
}

void WaitSample::add_to_backoff(nanoseconds wait) {
  if (!has_launch_ && first_.size() < kFirst) first_.push_back(wait);
}

Waits WaitSample::summary() const {
  if (count_ == 0) return {};
  auto sorted = sample_;
  std::ranges::sort(sorted);
  return {.count = count_,
          .p50 = quantile(sorted, 0.5),
          .p90 = quantile(sorted, 0.9),
          .p99 = quantile(sorted, 0.99),
          .p999 = quantile(sorted, 0.999),
          .max = max_,
          .backoff = fit_backoff(first_)};
}

}  // namespace selfconnect
