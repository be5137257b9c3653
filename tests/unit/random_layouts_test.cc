// Predictions for small layouts drawn at random, of every model, against the models themselves. Each figure may be off by
// five standard errors, which one of a million right ones is; the seeds are fixed, so the answer is always the same.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "harness/ports/allocator_model.h"
#include "harness/ports/candidate_ring.h"
#include "harness/ports/prediction.h"
#include "harness/sys/random_source.h"

namespace selfconnect {
namespace {

constexpr int kLayouts = 60;
constexpr std::uint64_t kMachines = 1000;
constexpr double kErrors = 5;

PortLayout random_layout(RandomSource& random) {
  const auto low = static_cast<std::uint16_t>(100 + random.below(2));
  PortLayout layout{.low = low, .high = static_cast<std::uint16_t>(low + random.below(24)), .reserved = {}};
  const std::uint32_t density = random.below(8);  // eighths of the range
  for (std::uint16_t port = layout.low; port <= layout.high; ++port) {
    if (random.below(8) < density) layout.reserved.insert(port);
  }
  return layout;
}

struct Estimate {
  double sum = 0, squares = 0, count = 0;
  void add(double value) {
    sum += value;
    squares += value * value;
    ++count;
  }
  [[nodiscard]] double mean() const { return sum / count; }
  [[nodiscard]] double error() const {
    return std::sqrt(std::max(0.0, squares / count - mean() * mean()) / count);
  }
};

class RandomLayoutsTest : public ::testing::TestWithParam<PolicyKind> {
 protected:
  // Calls `check` with each question: about a port that is not reserved and a rate of 0.1 to 4 attempts a second.
  template <class Check>
  void for_each_question(Check check) {
    RandomSource random(7);
    for (int i = 0; i < kLayouts; ++i) {
      PredictionQuestion question{
          .model = GetParam(), .layout = random_layout(random), .until = {0.2, 0.5, 0.9}};
      question.attempts_per_second = (1 + random.below(40)) / 10.0;
      const auto candidates = candidate_ring(question.model, question.layout).candidates();
      question.port = candidates.empty()
                          ? question.layout.low
                          : candidates[random.below(static_cast<std::uint32_t>(candidates.size()))];
      SCOPED_TRACE("range " + question.layout.range_text() + " reserved " + question.layout.reserved_text() +
                   " port " + std::to_string(question.port) + " rate " +
                   std::to_string(question.attempts_per_second));
      check(question, Endpoint{Address::loopback(Family::kIpv4), question.port});
      if (HasFailure()) return;
    }
  }

  static std::uint64_t period_of(const PredictionQuestion& question) {
    return static_cast<std::uint64_t>(std::lround(question.attempts_per_second * 10));
  }
};

TEST_P(RandomLayoutsTest, ThePortsThatCanComeUpAreThoseThatDo) {
  for_each_question([](PredictionQuestion question, const Endpoint& destination) {
    std::set<std::uint16_t> seen;
    for (std::uint64_t seed = 0; seed < kMachines; ++seed) {
      const auto port = AllocatorModel(question.model, question.layout, seed).next(destination);
      if (port) seen.insert(*port);
    }
    std::set<std::uint16_t> possible;
    for (question.port = question.layout.low; question.port <= question.layout.high; ++question.port) {
      if (chance_of(question) == Chance::kPossible) possible.insert(question.port);
    }
    EXPECT_EQ(possible, seen);
    EXPECT_EQ(predict(question).candidates, seen.size());
  });
}

TEST_P(RandomLayoutsTest, TheShareOfAttemptsIsThatOfTheModel) {
  for_each_question([](const PredictionQuestion& question, const Endpoint& destination) {
    const bool in_periods = question.model == PolicyKind::kLinux5_18;
    const std::uint64_t attempts = in_periods ? period_of(question) : 500;
    Estimate share;
    for (std::uint64_t seed = 0; seed < (in_periods ? kMachines : kMachines / 4); ++seed) {
      AllocatorModel model(question.model, question.layout, seed);
      int hits = 0;
      for (std::uint64_t i = 0; i < attempts; ++i) hits += model.next(destination) == question.port;
      share.add(static_cast<double>(hits) / static_cast<double>(attempts));
    }
    const double cut_short = in_periods ? 0 : 2 / static_cast<double>(attempts);  // a walk has no period
    EXPECT_NEAR(predict(question).per_attempt, share.mean(), kErrors * share.error() + cut_short + 1e-9);
  });
}

TEST_P(RandomLayoutsTest, TheFirstHitComesWhenTheModelHasIt) {
  const bool draws = GetParam() == PolicyKind::kLinux5_18 || GetParam() == PolicyKind::kFreebsd;
  const std::uint64_t never = draws ? 20'000 : 200;  // a walk that comes by does so within a few laps
  for_each_question([=](const PredictionQuestion& question, const Endpoint& destination) {
    const Prediction prediction = predict(question);
    if (prediction.chance != Chance::kPossible) return;
    std::vector<double> hits;
    Estimate first;
    for (std::uint64_t seed = 0; seed < kMachines; ++seed) {
      AllocatorModel model(question.model, question.layout, seed);
      std::uint64_t attempt = 1;
      for (; attempt < never && model.next(destination) != question.port; ++attempt) {
        if (attempt % period_of(question) == 0) model.reseed();
      }
      hits.push_back(attempt < never ? static_cast<double>(attempt)
                                     : std::numeric_limits<double>::infinity());
      first.add(static_cast<double>(attempt));
    }
    const auto share_at_most = [&](double attempts) {
      return static_cast<double>(std::ranges::count_if(hits, [&](double hit) { return hit <= attempts; })) /
             kMachines;
    };
    EXPECT_EQ(std::isinf(prediction.expected_attempts), std::isinf(std::ranges::max(hits)));
    if (std::isfinite(prediction.expected_attempts)) {
      EXPECT_NEAR(prediction.expected_attempts, first.mean(), kErrors * first.error() + 1e-9);
    }
    const double noise = kErrors * std::sqrt(0.25 / kMachines);
    for (const auto& [probability, attempts] : prediction.until) {
      EXPECT_GE(share_at_most(attempts), probability - noise) << probability;
      const double before = std::isinf(attempts) ? static_cast<double>(never) : attempts - 1;
      EXPECT_LE(share_at_most(before), probability + noise) << probability;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Models, RandomLayoutsTest,
                         testing::Values(PolicyKind::kLinux2_6, PolicyKind::kLinux4_2, PolicyKind::kLinux5_18,
                                         PolicyKind::kFreebsd, PolicyKind::kMacos),
                         [](const auto& model) {
                           std::string name(policy_name(model.param));
                           std::erase_if(name, [](char c) { return c == '-' || c == '.'; });
                           return name;
                         });

}  // namespace
}  // namespace selfconnect
