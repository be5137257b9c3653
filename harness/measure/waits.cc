// SPDX-License-Identifier: MIT
#include "harness/measure/waits.h"

#include <algorithm>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

namespace selfconnect {

using std::chrono::nanoseconds;

namespace {

constexpr double kMostJitter = 0.5;  // beyond it no rule can be told from the waits
constexpr double kConfidence = 0.95;
constexpr double kCapConfidence = 0.999;  // for many places are tried
constexpr double kLeastRise = 1.5;        // from the first wait to the cap

// The nearest-rank quantile of sorted values.
nanoseconds quantile(const std::vector<nanoseconds>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted.at(std::max<std::size_t>(rank, 1) - 1);
}

std::vector<double> logarithms(std::span<const nanoseconds> waits) {
  std::vector<double> logs;
  for (const nanoseconds wait : waits) logs.push_back(std::log(static_cast<double>(wait.count())));
  return logs;
}

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Through values by their number from 0, by least squares.
struct Line {
  double start = 0;
  double slope = 0;
  double spread = 0;       // of the numbers, squared
  double unexplained = 0;  // squares that are left
};

Line line_through(std::span<const double> values) {
  const double middle = (static_cast<double>(values.size()) - 1) / 2, mean = mean_of(values);
  Line line;
  double common = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = static_cast<double>(i) - middle;
    line.spread += x * x;
    common += x * (values[i] - mean);
  }
  line.slope = common / line.spread;
  line.start = mean - line.slope * middle;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double rest = values[i] - line.start - line.slope * static_cast<double>(i);
    line.unexplained += rest * rest;
  }
  return line;
}

double squares_about_mean(std::span<const double> values) {
  const double mean = mean_of(values);
  return std::accumulate(values.begin(), values.end(), 0.0,
                         [&](double sum, double value) { return sum + (value - mean) * (value - mean); });
}

// How many of the first ones grow, before the others stay at a cap: where a line that rises, as much as backoffs do, and then a
// level leave least, and far less than one line for all does (an F-test of the two values that this takes more). All of
// them, if there is no cap.
std::size_t growing_part(std::span<const double> logs) {
  const double whole = line_through(logs).unexplained;
  double least = whole;
  std::size_t growing = logs.size();
  for (std::size_t cut = 2; cut < logs.size(); ++cut) {
    const Line line = line_through(logs.first(cut));
    if (line.slope * static_cast<double>(cut - 1) < std::log(kLeastRise)) continue;
    const double left = line.unexplained + squares_about_mean(logs.subspan(cut));
    if (left >= least) continue;
    least = left;
    growing = cut;
  }
  const double free = static_cast<double>(logs.size()) - 4;
  if (growing == logs.size() || free < 1) return logs.size();
  const boost::math::fisher_f_distribution<double> fisher(2, free);
  const double enough = boost::math::quantile(fisher, kCapConfidence);
  return (whole - least) / 2 > enough * least / free ? growing : logs.size();
}

// Of what has no cap: level, where a slope of nothing is inside the interval that has the slope with kConfidence.
Line line_or_level(std::span<const double> logs) {
  Line line = line_through(logs);
  const double free = static_cast<double>(logs.size()) - 2;
  const double error = std::sqrt(line.unexplained / free / line.spread);
  const boost::math::students_t_distribution<double> student(free);
  if (std::abs(line.slope) > boost::math::quantile(student, (1 + kConfidence) / 2) * error) return line;
  return {.start = mean_of(logs)};
}

}  // namespace

std::optional<BackoffFit> fit_backoff(std::span<const nanoseconds> all) {
  if (all.size() < kFewestForBackoff || std::ranges::min(all) <= nanoseconds::zero()) return std::nullopt;
  const std::vector<double> logs = logarithms(all);
  const std::span growing = std::span(logs).first(growing_part(logs));
  // That there is a cap shows that they grow.
  const Line line = growing.size() < logs.size() ? line_through(growing) : line_or_level(growing);
  const double cap = growing.size() < logs.size() ? mean_of(std::span(logs).subspan(growing.size())) : 0;
  BackoffFit fit{.factor = std::exp(line.slope)};
  for (std::size_t i = 0; i < logs.size(); ++i) {
    const double fitted = i < growing.size() ? line.start + line.slope * static_cast<double>(i) : cap;
    fit.jitter = std::max(fit.jitter, std::abs(std::exp(logs[i] - fitted) - 1));
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
