// What is worked out against what the models do, attempt by attempt. The comparisons of distributions are made at the
// level 1e-4 with fixed seeds, so they give the same answer every time.
// SPDX-License-Identifier: MIT
#include "harness/ports/prediction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "harness/ports/allocator_model.h"
#include "harness/ports/candidate_ring.h"
#include "harness/ports/first_hits.h"
#include "tests/two_sample.h"

namespace selfconnect {
namespace {

using selfconnect::testing::same_distribution_p;

constexpr double kLevel = 1e-4;

PortLayout layout_of(int low, int high, std::set<std::uint16_t> reserved = {}) {
  return {.low = static_cast<std::uint16_t>(low),
          .high = static_cast<std::uint16_t>(high),
          .reserved = std::move(reserved)};
}

// First hits as the model makes them, each by a fresh machine.
std::vector<std::uint64_t> stepped(const PredictionQuestion& question, int trials, std::uint64_t period) {
  const Endpoint destination{Address::loopback(Family::kIpv4), question.port};
  std::vector<std::uint64_t> hits;
  for (int trial = 0; trial < trials; ++trial) {
    AllocatorModel model(question.model, question.layout, static_cast<std::uint64_t>(trial) + 1000);
    std::uint64_t attempts = 1;
    for (; model.next(destination) != question.port; ++attempts) {
      if (attempts % period == 0) model.reseed();
    }
    hits.push_back(attempts);
  }
  return hits;
}

std::vector<std::uint64_t> leapt(const PredictionQuestion& question, int trials, std::uint64_t period,
                                 std::uint64_t seed = 1) {
  const CandidateRing ring = candidate_ring(question.model, question.layout);
  FirstHits first_hits(ring, question.port, period, seed);
  std::vector<std::uint64_t> hits(static_cast<std::size_t>(trials));
  for (auto& hit : hits) hit = first_hits.next();
  return hits;
}

double mean(const std::vector<std::uint64_t>& values) {
  return static_cast<double>(std::accumulate(values.begin(), values.end(), std::uint64_t{0})) /
         static_cast<double>(values.size());
}

double share_at_most(const std::vector<std::uint64_t>& values, double limit) {
  return static_cast<double>(std::ranges::count_if(
             values, [&](std::uint64_t value) { return static_cast<double>(value) <= limit; })) /
         static_cast<double>(values.size());
}

struct Situation {
  const char* name;
  PredictionQuestion question;
  int trials = 4000;
};

void PrintTo(const Situation& situation, std::ostream* stream) { *stream << situation.name; }

class PredictionAgainstModelTest : public ::testing::TestWithParam<Situation> {};

std::vector<Situation> situations() {
  const std::set<std::uint16_t> holes = {102, 104, 106, 112, 120, 121};
  const std::set<std::uint16_t> forcing = forcing_layout(100, Allocator::kConnect).reserved;
  return {
      {"Linux2_6", {PolicyKind::kLinux2_6, layout_of(100, 130), 117}},
      {"Linux2_6Holes", {PolicyKind::kLinux2_6, layout_of(100, 130, holes), 107}},
      {"Linux4_2", {PolicyKind::kLinux4_2, layout_of(100, 163), 120}},
      {"Linux4_2Holes", {PolicyKind::kLinux4_2, layout_of(100, 163, holes), 108}},
      {"Linux4_2Default", {PolicyKind::kLinux4_2, PortLayout{}, 50000}, 200},
      {"Freebsd", {PolicyKind::kFreebsd, layout_of(100, 130), 117}},
      {"FreebsdHoles", {PolicyKind::kFreebsd, layout_of(100, 130, {100, 101, 102, 130}), 103}},
      {"FreebsdLowest", {PolicyKind::kFreebsd, layout_of(100, 130, {130, 129}), 100}},
      {"Macos", {PolicyKind::kMacos, layout_of(100, 130), 100}},
      {"Linux5_18Slow", {PolicyKind::kLinux5_18, layout_of(100, 163), 120}},
      {"Linux5_18SlowHoles", {PolicyKind::kLinux5_18, layout_of(100, 163, holes), 108}},
      {"Linux5_18Blocks", {PolicyKind::kLinux5_18, layout_of(100, 163), 120, 0.4}},
      {"Linux5_18Fast", {PolicyKind::kLinux5_18, layout_of(100, 163), 120, 1000}},
      {"Linux5_18FastHoles", {PolicyKind::kLinux5_18, layout_of(100, 163, holes), 108, 1000}},
      {"Linux5_18Reseeded", {PolicyKind::kLinux5_18, layout_of(100, 163), 120, 2}},
      {"Linux5_18Forced", {PolicyKind::kLinux5_18, layout_of(100, 163, forcing), 100, 1000}},
      {"Linux5_18SecondParity", {PolicyKind::kLinux5_18, layout_of(100, 107, {100, 102, 104, 106}), 103, 5}},
      {"Linux5_18OddHole", {PolicyKind::kLinux5_18, layout_of(50000, 50004, {50002}), 50004, 1000}},
      {"Linux5_18OddHoles", {PolicyKind::kLinux5_18, layout_of(100, 140, {104, 106, 134, 136, 138}), 102, 3}},
      {"Linux5_18OnlyTheLowest", {PolicyKind::kLinux5_18, layout_of(100, 104, {101, 102, 103, 104}), 100, 2}},
      {"Linux5_18Default", {PolicyKind::kLinux5_18, PortLayout{}, 50000, 100'000}, 200}};
}

std::uint64_t period_of(const PredictionQuestion& question) {
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(question.attempts_per_second * 10));
}

TEST_P(PredictionAgainstModelTest, AgreesInMeanAndPercentiles) {
  const auto& [name, asked, trials] = GetParam();
  PredictionQuestion question = asked;
  question.until = {0.1, 0.5, 0.9};
  const Prediction prediction = predict(question);
  ASSERT_EQ(prediction.chance, Chance::kPossible);
  const auto hits = stepped(question, trials, period_of(question));
  double squares = 0;
  for (const auto hit : hits) squares += std::pow(static_cast<double>(hit) - mean(hits), 2);
  const double error = std::sqrt(squares) / trials;  // standard error of the mean
  EXPECT_NEAR(prediction.expected_attempts, mean(hits), 4 * error + 0.01 * prediction.expected_attempts);
  const double noise = 4 * std::sqrt(0.25 / trials);
  for (const auto& [probability, attempts] : prediction.until) {
    EXPECT_GE(share_at_most(hits, attempts), probability - noise) << probability;
    EXPECT_LE(share_at_most(hits, attempts - 1), probability + noise) << probability;
  }
}

INSTANTIATE_TEST_SUITE_P(Situations, PredictionAgainstModelTest, ::testing::ValuesIn(situations()),
                         [](const auto& situation) { return std::string(situation.param.name); });

TEST(FirstHitsTest, LeapsToTheSameDistributionAsSteps) {
  for (const Situation& situation : situations()) {
    if (situation.question.model != PolicyKind::kLinux5_18) continue;
    const std::uint64_t period = period_of(situation.question);
    EXPECT_GT(same_distribution_p(stepped(situation.question, situation.trials, period),
                                  leapt(situation.question, 100'000, period)),
              kLevel)
        << situation.name;
  }
}

TEST(FirstHitsTest, IsToldFromAnotherModel) {
  const PredictionQuestion question{PolicyKind::kLinux5_18, layout_of(100, 163), 120, 1000};
  const auto right = leapt(question, 20'000, 10'000);
  EXPECT_GT(same_distribution_p(right, leapt(question, 100'000, 10'000, 2)), kLevel);
  EXPECT_LT(same_distribution_p(right, leapt(question, 100'000, 1)), kLevel) << "reseeded at every attempt";
  for (const PolicyKind wrong : {PolicyKind::kLinux2_6, PolicyKind::kLinux4_2, PolicyKind::kFreebsd}) {
    PredictionQuestion other = question;
    other.model = wrong;
    EXPECT_LT(same_distribution_p(right, stepped(other, 20'000, 1)), kLevel) << policy_name(wrong);
  }
}

TEST(FirstHitsTest, FollowsItsSeed) {
  const PredictionQuestion question{PolicyKind::kLinux5_18, PortLayout{}, 50000};
  EXPECT_EQ(leapt(question, 100, 1000, 5), leapt(question, 100, 1000, 5));
  EXPECT_NE(leapt(question, 100, 1000, 5), leapt(question, 100, 1000, 6));
}

PredictionQuestion ask(int port, double attempts_per_second = 0, const PortLayout& layout = {},
                       PolicyKind model = PolicyKind::kLinux5_18) {
  PredictionQuestion question;
  question.model = model;
  question.layout = layout;
  question.port = static_cast<std::uint16_t>(port);
  question.attempts_per_second = attempts_per_second;
  return question;
}

TEST(PredictionTest, HasOneCandidateInTwoPortsOfTheDefaultRange) {
  for (const PolicyKind model : {PolicyKind::kLinux4_2, PolicyKind::kLinux5_18}) {
    EXPECT_EQ(predict(ask(50000, 0, {}, model)).candidates, 14116U);
  }
  const Prediction prediction = predict(ask(50000));
  EXPECT_DOUBLE_EQ(prediction.per_attempt, 1 / 14116.0);
  EXPECT_DOUBLE_EQ(prediction.expected_attempts, 14116);
  EXPECT_EQ(prediction.method, Method::kClosedForm);
  // ceil(ln(1 - q) / ln(1 - 1/14116))
  EXPECT_EQ(prediction.until, (std::vector<AttemptsUntil>{{0.5, 9785}, {0.99, 65005}}));
}

TEST(PredictionTest, NeedsNoSimulationForAClientThatDialsOnceASecond) {
  const Prediction prediction = predict(ask(50000, 1));
  EXPECT_EQ(prediction.method, Method::kClosedForm);
  EXPECT_DOUBLE_EQ(prediction.expected_attempts, 14116 - 4.5);
  EXPECT_EQ(predict(ask(50000, 176)).method, Method::kClosedForm);
}

TEST(PredictionTest, IsExactWhereAPeriodHasFewAttempts) {
  EXPECT_EQ(predict(ask(50000, 177)).method, Method::kRecurrence);
  EXPECT_EQ(predict(ask(50000, 1000)).method, Method::kRecurrence);
  EXPECT_EQ(predict(ask(50000, 0.2, {.reserved = {40000}})).method, Method::kRecurrence);
  EXPECT_EQ(predict(ask(120, 1e6, layout_of(100, 163, {102}))).method, Method::kRecurrence)
      << "a small range is passed over in no time";
}

TEST(PredictionTest, SaysHowManyFirstHitsItSimulated) {
  const Prediction few_reserved = predict(ask(50000, 10'000));
  EXPECT_EQ(few_reserved.method, Method::kSimulation);
  EXPECT_EQ(few_reserved.simulated_hits, kSimulatedHits);
  PortLayout layout = layout_of(2, 65535);  // where nothing can be leapt over
  for (int port = 2; port < 65535; port += 4) layout.reserved.insert(static_cast<std::uint16_t>(port));
  const Prediction many_reserved = predict(ask(50000, 10'000, layout));
  EXPECT_EQ(many_reserved.method, Method::kSimulation);
  EXPECT_LT(many_reserved.simulated_hits, 20'000U);
  EXPECT_GT(many_reserved.simulated_hits, 5'000U);
}

TEST(PredictionTest, GoesOnFromTheClosedFormToTheRecurrenceAndFromThereToTheSimulation) {
  const auto expected = [](double rate) { return predict(ask(50000, rate)).expected_attempts; };
  EXPECT_NEAR(expected(176.4), expected(176.6), 2);
  EXPECT_NEAR(expected(1000), expected(1100), 4 * 12'560 / std::sqrt(kSimulatedHits));
}

// Each ten seconds begin anew at a uniform place, and most of these lead to the port.
TEST(PredictionTest, CountsHitsPerAttemptFromEachBeginning) {
  PredictionQuestion question = ask(50000, 10);
  for (std::uint16_t port = 32768; port < 50000; ++port) question.layout.reserved.insert(port);
  const Prediction prediction = predict(question);
  const Endpoint destination = *Endpoint::parse("127.0.0.1:50000");
  AllocatorModel model(question.model, question.layout, 1);
  constexpr int kPeriods = 10'000, kPeriod = 100;
  int hits = 0;
  for (int i = 0; i < kPeriods * kPeriod; ++i) {
    if (i % kPeriod == 0) model.reseed();
    hits += model.next(destination) == question.port;
  }
  const double per_period = prediction.per_attempt * kPeriod;
  EXPECT_NEAR(per_period, (8617 + 99 * 4.5) / 14116, 0.001) << "leading places, and the way of the others";
  EXPECT_NEAR(static_cast<double>(hits) / kPeriods, per_period, 4 * 0.5 / std::sqrt(kPeriods));
}

TEST(PredictionTest, NeverEndsWhereTheWalkOfLinux4_2DoesNotComeBy) {
  // 50002 is reserved: a scan from there comes to 50004, and the next one starts there again.
  const PortLayout layout = layout_of(50000, 50004, {50002});
  const Prediction lowest = predict(ask(50000, 0, layout, PolicyKind::kLinux4_2));
  EXPECT_EQ(lowest.chance, Chance::kPossible);
  EXPECT_EQ(lowest.expected_attempts, std::numeric_limits<double>::infinity());
  EXPECT_EQ(lowest.per_attempt, 0);
  EXPECT_EQ(lowest.until, (std::vector<AttemptsUntil>{{0.5, 1}, {0.99, lowest.expected_attempts}}));
  const Prediction last = predict(ask(50004, 0, layout, PolicyKind::kLinux4_2));
  EXPECT_EQ(last.expected_attempts, 1.5);
  EXPECT_EQ(last.per_attempt, 1);
}

TEST(PredictionTest, CountsHitsPerAttemptInTheLongRun) {
  const PredictionQuestion question = ask(108, 1000, layout_of(100, 163, {102, 104, 106, 112, 120, 121}));
  AllocatorModel model(question.model, question.layout, 1);
  constexpr int kAttempts = 1'000'000;
  int hits = 0;
  for (int i = 0; i < kAttempts; ++i) hits += model.next(*Endpoint::parse("127.0.0.1:108")) == question.port;
  EXPECT_NEAR(predict(question).per_attempt, static_cast<double>(hits) / kAttempts, 1e-3);
  EXPECT_GT(hits, kAttempts * 2 / 32) << "the reserved ports before it lead to it";
}

TEST(PredictionTest, PortsAreAlikeUntilAScanSkipsOne) {
  EXPECT_TRUE(are_all_alike(ask(50000)));
  EXPECT_TRUE(are_all_alike(ask(50000, 0, {.reserved = {50001}}))) << "of the other parity";
  EXPECT_FALSE(are_all_alike(ask(50000, 0, {.reserved = {40000}})));
}

TEST(PredictionTest, SaysWhyAPortIsNeverHandedOut) {
  const auto chance = [](PolicyKind model, const PortLayout& layout, int port) {
    return predict(ask(port, 0, layout, model)).chance;
  };
  constexpr auto kLinux = PolicyKind::kLinux5_18;
  EXPECT_EQ(chance(kLinux, {}, 32767), Chance::kOutOfRange);
  EXPECT_EQ(chance(kLinux, {}, 61000), Chance::kOutOfRange);
  EXPECT_EQ(chance(kLinux, {.reserved = {50000}}, 50000), Chance::kReserved);
  EXPECT_EQ(chance(kLinux, {}, 50001), Chance::kOtherParity);
  EXPECT_EQ(chance(kLinux, layout_of(101, 110), 102), Chance::kOtherParity);
  EXPECT_EQ(chance(kLinux, layout_of(101, 110), 103), Chance::kPossible);
  EXPECT_EQ(chance(kLinux, layout_of(100, 102), 102), Chance::kOddRangeLast);
  EXPECT_EQ(chance(kLinux, layout_of(100, 102, {100, 101}), 102), Chance::kOddRangeLast);
  EXPECT_EQ(chance(kLinux, layout_of(100, 104), 104), Chance::kOddRangeLast);
  EXPECT_EQ(chance(kLinux, layout_of(100, 104, {102}), 104), Chance::kPossible);
  EXPECT_EQ(chance(kLinux, layout_of(100, 100), 100), Chance::kPossible);
  EXPECT_EQ(chance(PolicyKind::kLinux2_6, {}, 50001), Chance::kPossible);
  EXPECT_EQ(chance(PolicyKind::kFreebsd, layout_of(100, 110), 100), Chance::kLowest);
  EXPECT_EQ(chance(PolicyKind::kFreebsd, layout_of(100, 110), 110), Chance::kPossible);
}

TEST(PredictionTest, HasNoCandidateWhereEveryPortIsReserved) {
  EXPECT_EQ(predict(ask(100, 0, layout_of(100, 101, {100, 101}))).candidates, 0U);
  EXPECT_EQ(predict(ask(101, 0, layout_of(100, 101, {100}))).chance, Chance::kPossible);
}

TEST(PredictionTest, IsCertainOfAForcedPort) {
  const Prediction prediction = predict(
      {.layout = forcing_layout(50000, Allocator::kConnect), .port = 50000, .attempts_per_second = 1e5});
  EXPECT_EQ(prediction.expected_attempts, 1);
  EXPECT_EQ(prediction.per_attempt, 1);
  EXPECT_EQ(prediction.until.back().attempts, 1);
}

}  // namespace
}  // namespace selfconnect
