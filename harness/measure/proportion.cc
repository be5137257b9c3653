// SPDX-License-Identifier: MIT
#include "harness/measure/proportion.h"

#include <boost/math/distributions/binomial.hpp>

namespace selfconnect {

Proportion proportion(std::uint64_t count, std::uint64_t total, double confidence) {
  using Binomial = boost::math::binomial_distribution<>;
  if (total == 0) return {};
  const double tail = (1 - confidence) / 2;
  const auto trials = static_cast<double>(total);
  const auto successes = static_cast<double>(count);
  return {.value = successes / trials,
          .low = count == 0 ? 0 : Binomial::find_lower_bound_on_p(trials, successes, tail),
          .high = count == total ? 1 : Binomial::find_upper_bound_on_p(trials, successes, tail)};
}

}  // namespace selfconnect
