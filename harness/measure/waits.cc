// SPDX-License-Identifier: MIT
#include "harness/measure/waits.h"

#include <algorithm>
#include <cmath>

namespace selfconnect {

using std::chrono::nanoseconds;

namespace {

constexpr double kMostJitter = 0.5;  // beyond it no rule can be told from the waits

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

}  // namespace

std::optional<BackoffFit> fit_backoff(std::span<const nanoseconds> all) {
  if (all.size() < kFewestForBackoff || std::ranges::min(all) <= nanoseconds::zero()) return std::nullopt;
  std::span<const nanoseconds> waits = growing_part(all);
  if (waits.size() < kFewestForBackoff) waits = all;
  const auto count = static_cast<double>(waits.size());
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  for (std::size_t i = 0; i < waits.size(); ++i) {
    const auto x = static_cast<double>(i);
    const double y = std::log(static_cast<double>(waits[i].count()));
    sum_x += x;
    sum_y += y;
    sum_xx += x * x;
    sum_xy += x * y;
  }
  const double slope = (count * sum_xy - sum_x * sum_y) / (count * sum_xx - sum_x * sum_x);
  const double start = (sum_y - slope * sum_x) / count;
  BackoffFit fit{.factor = std::exp(slope)};
  for (std::size_t i = 0; i < waits.size(); ++i) {
    const double fitted = std::exp(start + slope * static_cast<double>(i));
    fit.jitter = std::max(fit.jitter, std::abs(static_cast<double>(waits[i].count()) / fitted - 1));
  }
  if (fit.jitter > kMostJitter) return std::nullopt;
  return fit;
}

void WaitSample::add(nanoseconds wait) {
  ++count_;
  max_ = std::max(max_, wait);
  if (first_.size() < kFirst) first_.push_back(wait);
  if (sample_.size() < limit_) return sample_.push_back(wait);
  const std::uint64_t place = random_() % count_;
  if (place < limit_) sample_[place] = wait;
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
