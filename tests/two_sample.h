// Whether two samples come from one distribution: the two-sample test of Kolmogorov and Smirnov. For discrete values
// its false alarms are rarer than the level says (Noether 1963), so the level is an upper bound.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <boost/math/distributions/complement.hpp>
#include <boost/math/distributions/kolmogorov_smirnov.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

namespace selfconnect::testing {

// The largest difference of the two cumulative distributions.
inline double largest_difference(std::vector<std::uint64_t> a, std::vector<std::uint64_t> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  double largest = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const std::uint64_t value = std::min(a[i], b[j]);
    while (i < a.size() && a[i] == value) ++i;
    while (j < b.size() && b[j] == value) ++j;
    largest = std::max(largest, std::abs(static_cast<double>(i) / static_cast<double>(a.size()) -
                                         static_cast<double>(j) / static_cast<double>(b.size())));
  }
  return largest;
}

// How likely samples of one distribution differ at least as much as these: the limit for large samples.
inline double same_distribution_p(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  const double difference = largest_difference(a, b);
  if (difference == 0) return 1;
  const auto n = static_cast<double>(a.size()), m = static_cast<double>(b.size());
  const boost::math::kolmogorov_smirnov_distribution<double> distribution(n * m / (n + m));
  return std::max(0.0, boost::math::cdf(boost::math::complement(distribution, difference)));
}

}  // namespace selfconnect::testing
