// What a measurement is made of: proportions, the tally of a trial, and how they are shown.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/measure/trial_tally.h"
#include "harness/report/measure_json.h"
#include "harness/report/measure_text.h"

namespace selfconnect {

namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ProportionTest, IsExactWhereItCanBeWorkedOutByHand) {
  // Nothing in n: high is 1 - 0.025^(1/n). All of n: low is 0.025^(1/n).
  EXPECT_NEAR(proportion(0, 10).high, 1 - std::pow(0.025, 0.1), 1e-12);
  EXPECT_EQ(proportion(0, 10).low, 0);
  EXPECT_NEAR(proportion(10, 10).low, std::pow(0.025, 0.1), 1e-12);
  EXPECT_EQ(proportion(10, 10).high, 1);
}

TEST(ProportionTest, MatchesTheTableOfClopperAndPearson) {
  const Proportion half = proportion(5, 10);
  EXPECT_DOUBLE_EQ(half.value, 0.5);
  EXPECT_NEAR(half.low, 0.1871, 5e-5);
  EXPECT_NEAR(half.high, 0.8129, 5e-5);
}

TEST(ProportionTest, OfNothingNothingIsKnown) { EXPECT_EQ(proportion(0, 0), (Proportion{0, 0, 1})); }

TEST(ProportionTest, NarrowsWithConfidenceAndCount) {
  EXPECT_LT(proportion(5, 10, 0.5).high, proportion(5, 10, 0.95).high);
  EXPECT_LT(proportion(50, 100).high, proportion(5, 10).high);
}

class TrialTallyTest : public ::testing::Test {
 protected:
  Syn syn(std::chrono::nanoseconds at, std::uint16_t source, std::uint16_t to = 50000) {
    return {.at = at,
            .source = {Address::loopback(Family::kIpv4), source},
            .destination = {Address::loopback(Family::kIpv4), to},
            .sequence = ++sequence_};
  }

  WaitSample waits_{1};
  std::uint32_t sequence_ = 0;
};

TEST_F(TrialTallyTest, CountsAttemptsHitsAndParities) {
  TrialTally tally({}, 50000, PortsBy::kKernel, waits_);
  tally.add(syn(10ms, 40000));
  tally.add(syn(20ms, 40001));
  tally.add(syn(40ms, 50000));
  EXPECT_EQ(tally.counts().attempts, 3U);
  EXPECT_EQ(tally.counts().hits, 1U);
  EXPECT_EQ(tally.counts().even, 2U);
  EXPECT_EQ(tally.counts().odd, 1U);
  ASSERT_TRUE(tally.first_hit());
  EXPECT_EQ(tally.first_hit()->attempt, 3U);
  EXPECT_EQ(tally.first_hit()->after, 30ms);
  EXPECT_EQ(tally.elapsed(), 30ms);
  EXPECT_FALSE(tally.is_over());
}

TEST_F(TrialTallyTest, WhatConnectsToItselfElsewhereIsNoHit) {
  TrialTally tally({.hits = 1}, 50000, PortsBy::kKernel, waits_);
  tally.add(syn(1ms, 6379, 6379));
  EXPECT_FALSE(tally.is_over());
  tally.add(syn(2ms, 50000));
  EXPECT_TRUE(tally.is_over());
  EXPECT_EQ(tally.first_hit()->attempt, 2U);
  EXPECT_EQ(tally.counts().hits, 1U);
  EXPECT_EQ(tally.counts().elsewhere.attempts, 1U);
  EXPECT_EQ(tally.counts().elsewhere.hits, 1U);
  EXPECT_EQ(tally.counts().not_hits(), 0U);
}

TEST_F(TrialTallyTest, TakesASynThatIsSentAgainForOneAttempt) {
  TrialTally tally({}, 50000, PortsBy::kKernel, waits_);
  const Syn first = syn(0ms, 40000);
  Syn again = first;
  again.at = 1s;
  tally.add(first);
  tally.add(again);
  EXPECT_EQ(tally.counts().attempts, 1U);
}

TEST_F(TrialTallyTest, EndsAtWhicheverLimitComesFirst) {
  TrialTally by_attempts({.attempts = 2}, 50000, PortsBy::kKernel, waits_),
      by_hits({.hits = 1}, 50000, PortsBy::kKernel, waits_),
      by_time({.duration = 15ms}, 50000, PortsBy::kKernel, waits_);
  for (TrialTally* tally : {&by_attempts, &by_hits, &by_time}) {
    tally->add(syn(0ms, 40000));
    tally->add(syn(10ms, 40002));
    tally->add(syn(20ms, 50000));
    tally->add(syn(30ms, 50000));
    EXPECT_TRUE(tally->is_over());
  }
  EXPECT_EQ(by_hits.counted({Address::loopback(Family::kIpv4), 50000}), 3U);
  EXPECT_EQ(by_attempts.end(), TrialEnd::kAttempts);
  EXPECT_EQ(by_hits.end(), TrialEnd::kHits);
  EXPECT_EQ(by_time.end(), TrialEnd::kDuration);
  EXPECT_EQ(by_attempts.counts().attempts, 2U);
  EXPECT_EQ(by_hits.counts().attempts, 3U);
  EXPECT_EQ(by_time.counts().attempts, 2U);
}

TEST_F(TrialTallyTest, TellsTheKernelsLimitsFromTheClients) {
  const auto end = [&](Instant at, Syn::Kind kind) {
    Syn packet = syn(at, 50000);
    packet.kind = kind;
    return packet;
  };
  TrialTally tally({}, 50000, PortsBy::kEngine, waits_);
  tally.add(syn(0ms, 40000));  // nobody holds the port yet
  tally.add(syn(1ms, 50000));
  tally.add(syn(2ms, 40002));
  tally.add(end(3ms, Syn::Kind::kFin));
  tally.add(syn(4ms, 40004));
  tally.add(end(5ms, Syn::Kind::kFin));  // sent again
  tally.add(syn(60'002ms, 40006));
  tally.add(syn(60'004ms, 40008));  // a minute after the first FIN
  EXPECT_EQ(tally.counts().held->open, 1U);
  EXPECT_EQ(tally.counts().held->time_wait, 2U);

  tally.add(syn(60'005ms, 50000));
  tally.add(end(60'006ms, Syn::Kind::kReset));
  tally.add(syn(60'007ms, 40010));
  EXPECT_EQ(tally.counts().held->open, 1U) << "after RST nobody holds it";
  EXPECT_EQ(tally.counts().held->time_wait, 2U);
  EXPECT_EQ(tally.counts().attempts, 8U);
}

TEST_F(TrialTallyTest, ATimeWaitHoldsAnUnboundPortForASecondOnLoopback) {
  for (const PortsBy by : {PortsBy::kKernel, PortsBy::kEngine}) {
    TrialTally tally({}, 50000, by, waits_);
    Syn fin = syn(2ms, 50000);
    fin.kind = Syn::Kind::kFin;
    tally.add(syn(1ms, 50000));
    tally.add(fin);
    tally.add(syn(1'001ms, 40002));
    tally.add(syn(1'003ms, 40004));
    EXPECT_EQ(tally.counts().held->time_wait, by == PortsBy::kEngine ? 2U : 1U);
  }
}

TEST_F(TrialTallyTest, NumbersTheFirstHitByTheCalls) {
  TrialTally one({.hits = 1}, 50000, PortsBy::kEngine, waits_);
  one.add(syn(1ms, 49998), CallOrder{1});
  one.add(syn(2ms, 50001), CallOrder{4});
  one.add(syn(3ms, 50000), CallOrder{3});
  EXPECT_TRUE(one.is_over());
  EXPECT_EQ(one.first_hit()->attempt, 2U) << "50001 was given later";
  EXPECT_EQ(one.first_hit_order(), CallOrder{3});
  one.add(syn(4ms, 50002), CallOrder{5});
  one.add(syn(5ms, 49999), CallOrder{2});
  EXPECT_EQ(one.first_hit()->attempt, 3U);
  EXPECT_EQ(one.counts().attempts, 4U) << "49999 was given before the hit's";

  TrialTally on({}, 50000, PortsBy::kEngine, waits_);
  on.add(syn(1ms, 50000), CallOrder{2});
  on.add(syn(2ms, 49999), CallOrder{1});
  EXPECT_EQ(on.first_hit()->attempt, 2U);
  EXPECT_EQ(on.counts().attempts, 2U);
}

TEST_F(TrialTallyTest, ASocketThatIsDialledAgainComesAfterItsTurn) {
  TrialTally tally({.hits = 1}, 50000, PortsBy::kEngine, waits_);
  tally.add(syn(1ms, 49998), CallOrder{1});
  tally.add(syn(2ms, 49998), CallOrder{1, 1});
  tally.add(syn(3ms, 49998), CallOrder{1, 2});
  tally.add(syn(4ms, 50000), CallOrder{2});
  EXPECT_EQ(tally.first_hit()->attempt, 4U);
}

TEST_F(TrialTallyTest, WithoutTheCallsTheFirstHitIsNumberedBySyns) {
  TrialTally tally({.hits = 1}, 50000, PortsBy::kEngine, waits_);
  tally.add(syn(1ms, 49998), CallOrder{7});
  tally.add(syn(2ms, 49999));
  tally.add(syn(3ms, 50000));
  tally.add(syn(4ms, 50001), CallOrder{1});
  EXPECT_EQ(tally.first_hit()->attempt, 3U);
  EXPECT_EQ(tally.counts().attempts, 3U);
}

TEST_F(TrialTallyTest, AtTheLimitOfAttemptsNoneIsAdded) {
  TrialTally tally({.attempts = 2}, 50000, PortsBy::kEngine, waits_);
  tally.add(syn(1ms, 50000), CallOrder{2});
  tally.add(syn(2ms, 50001), CallOrder{3});
  tally.add(syn(3ms, 49999), CallOrder{1});
  EXPECT_EQ(tally.first_hit()->attempt, 2U);
  EXPECT_EQ(tally.counts().attempts, 2U);
}

TEST_F(TrialTallyTest, ReadsTheBackoffFromOneLaunchOfOneDestination) {
  TrialTally tally({}, 50000, PortsBy::kKernel, waits_);
  for (int launch = 0; launch < 3; ++launch) {
    tally.launched();
    Instant at = std::chrono::seconds(launch);
    for (const int wait : {0, 50, 100, 200, 400}) {
      at += std::chrono::milliseconds(wait);
      tally.add(syn(at, 40000));
      tally.add(syn(at + 1ms, 40002, 50001));
    }
  }
  ASSERT_TRUE(waits_.summary().backoff);
  EXPECT_NEAR(waits_.summary().backoff->factor, 2, 1e-9);
}

TEST_F(TrialTallyTest, WaitsAreOfOneDestinationAndOneLaunch) {
  TrialTally tally({}, 50000, PortsBy::kKernel, waits_);
  tally.add(syn(0ms, 40000));
  tally.add(syn(1ms, 40000, 50001));
  tally.add(syn(10ms, 40002));
  tally.launched();
  tally.add(syn(100ms, 40004));
  const Waits waits = waits_.summary();
  EXPECT_EQ(waits.count, 1U);
  EXPECT_EQ(waits.max, 10ms);
}

Measurement sample() {
  Measurement found;
  found.policy = Policy::sequential(49990, 50010);
  found.engine = "hook";
  found.engine_reason = "hook works here";
  found.isolation = "netns";
  found.kernel = "6.18.44";
  found.range = "32768 60999";
  found.seed = 7;
  found.stated = 11;
  found.port = 50000;
  found.destination = Endpoint{Address::loopback(Family::kIpv4), 50000};
  found.counts = {
      .attempts = 11, .hits = 1, .refused = 10, .even = 6, .odd = 5, .held = HeldPort{}, .exhausted = 0};
  found.elapsed = 1100us;
  found.trials = {{.counts = found.counts,
                   .first_hit = FirstHit{.attempt = 11, .after = 1100us},
                   .elapsed = found.elapsed,
                   .launches = 1}};
  return found;
}

TEST(MeasureTextTest, SaysTheAnswerFirstAndWhatThePolicyStated) {
  const std::string text = measurement_text(sample(), {});
  EXPECT_THAT(text, HasSubstr("11 attempts, 1 hit: 1 in 11 (95 %: 1 in 435 to 1 in 2.4)\n"));
  EXPECT_THAT(text, HasSubstr("first hit at attempt 11, after 1.1 ms; the policy states attempt 11\n"));
  EXPECT_THAT(text, HasSubstr("9,091 attempts/s: refused 10, hit 1; got no port at all 0"));
  EXPECT_THAT(text, Not(HasSubstr("trial ")));
}

TEST(MeasureTextTest, WithoutAHitGivesTheBound) {
  Measurement found = sample();
  found.counts = {.attempts = 100'000, .refused = 100'000};
  found.trials.front().first_hit.reset();
  const std::string text = measurement_text(found, {});
  EXPECT_THAT(text, HasSubstr("100,000 attempts, 0 hits: at most 1 in 27,109 (95 %)"));
  EXPECT_THAT(text, HasSubstr("no hit yet"));
}

TEST(MeasureTextTest, SaysWhenItIsNotTheWholeTruth) {
  Measurement found = sample();
  found.interrupted = true;
  found.trials.front().lost = 3;
  const std::string text = measurement_text(found, {});
  EXPECT_THAT(text, HasSubstr("Interrupted"));
  EXPECT_THAT(text, HasSubstr("Missed were 3 attempts"));
}

TEST(MeasureTextTest, SaysWhatIsNotKnownOfAHeldPort) {
  Measurement found = sample();
  EXPECT_THAT(measurement_text(found, {}), Not(HasSubstr("TIME_WAIT")));
  found.counts.held = HeldPort{.open = 2, .time_wait = 3};
  EXPECT_THAT(measurement_text(found, {}),
              HasSubstr("while a hit held the port 2, while its TIME_WAIT did 3"));
  found.counts.held.reset();
  EXPECT_THAT(measurement_text(found, {}),
              HasSubstr("while a hit or its TIME_WAIT held the port not known here"));
}

TEST(MeasureTextTest, SaysWhatEndedItAndTheMedianOfAllTrials) {
  Measurement found = sample();
  found.limits = {.attempts = 20, .hits = {}, .duration = 1min};
  found.trials.front().end = TrialEnd::kDuration;
  EXPECT_THAT(measurement_text(found, {}), HasSubstr("Ended by --duration, 60 s, before"));
  found.trials.resize(3);
  found.trials[1].end = found.trials[2].end = TrialEnd::kAttempts;
  EXPECT_THAT(measurement_text(found, {}),
              HasSubstr("in 1 of 3 trials, at attempt 11 to 11, median more than 11"));
  EXPECT_THAT(measurement_text(found, {}), HasSubstr("1 of 3 trials ended by --duration"));
  found.trials[1].first_hit = FirstHit{.attempt = 13, .after = 2ms};
  EXPECT_THAT(measurement_text(found, {}), HasSubstr("median 13 (2.0 ms)"));
  found.trials.resize(2);
  EXPECT_THAT(measurement_text(found, {}), HasSubstr("median 12 (1.6 ms)"));
  found.trials[1].first_hit->attempt = 14;
  EXPECT_THAT(measurement_text(found, {}), HasSubstr("median 12.5 ("));
  found.trials.resize(4);
  EXPECT_THAT(measurement_text(found, {}), HasSubstr("at attempt 11 to 14, median more than 14"));
  found.trials.resize(5);
  EXPECT_THAT(measurement_text(found, {}), HasSubstr("at attempt 11 to 14, median more than 14"));
}

TEST(MeasureTextTest, TheRateIsThatOfTheNamedPort) {
  Measurement found = sample();
  found.counts.elsewhere = {.attempts = 6, .hits = 2};
  const std::string text = measurement_text(found, {});
  EXPECT_THAT(text, HasSubstr("11 attempts, 5 of them at port 50000, 1 hit: 1 in 5.0 (95 %"));
  EXPECT_THAT(text, HasSubstr("hit at other ports 2"));
  found.counts.elsewhere = {.attempts = 11, .hits = 0};
  EXPECT_THAT(measurement_text(found, {}), HasSubstr("\n11 attempts, none of them at port 50000\n"));
}

TEST(MeasureTextTest, SaysForWhomTheStatedAttemptIsWhereThisOneDiffers) {
  Measurement found = sample();
  EXPECT_THAT(measurement_text(found, {}), Not(HasSubstr("of a client that")));
  found.trials.front().first_hit->attempt = 13;
  EXPECT_THAT(measurement_text(found, {}), HasSubstr("the policy states attempt 11, of a client that"));
}

TEST(MeasureTextTest, ALaterTrialThatFailsLosesNothing) {
  Measurement found = sample();
  found.failure = "the command dialled nothing";
  EXPECT_THAT(measurement_text(found, {}), HasSubstr("Trial 2 came to nothing: the command dialled nothing"));
  EXPECT_EQ(nlohmann::json::parse(measurement_json(found))["failure"], "the command dialled nothing");
}

TEST(MeasureTextTest, ASlowClientHasARate) {
  Measurement found = sample();
  found.elapsed = 50s;
  EXPECT_THAT(measurement_text(found, {}), HasSubstr("0.2 attempts/s"));
}

TEST(MeasureTextTest, ProgressHasRateAndTimeLeft) {
  EXPECT_EQ(measure_progress_line(
                {.trial = 1, .trials = 3, .attempts = 12'345, .hits = 1, .elapsed = 500ms, .left = 42s}),
            "trial 1 of 3: 12,345 attempts, 24,688/s, 1 hit, at most 42.0 s left");
}

TEST(MeasureJsonTest, HasTheKeysOfTheContract) {
  const auto json = nlohmann::json::parse(measurement_json(sample()));
  EXPECT_EQ(json["schema"], "selfconnect.measure/1");
  EXPECT_EQ(json["policy"], "sequential:49990-50010");
  EXPECT_EQ(json["world"]["engine_reason"], "hook works here");
  EXPECT_EQ(json["attempts"], 11);
  EXPECT_EQ(json["hits"], 1);
  EXPECT_DOUBLE_EQ(json["rate"]["value"], 1.0 / 11);
  EXPECT_EQ(json["first_hit"]["attempt"], 11);
  EXPECT_DOUBLE_EQ(json["first_hit"]["ms"], 1.1);
  EXPECT_EQ(json["stated_attempt"], 11);
  EXPECT_NEAR(json["attempts_per_second"], 10 / 0.0011, 1e-6);
  EXPECT_EQ(json["refused"], 10);
  EXPECT_EQ(json["exhausted"], 0);
  EXPECT_EQ(json["trials"].size(), 1U);
  EXPECT_TRUE(json["command"].is_null());
}

TEST(MeasureJsonTest, WhatIsNotKnownIsNull) {
  const auto json = nlohmann::json::parse(measurement_json({}));
  EXPECT_TRUE(json["first_hit"].is_null());
  EXPECT_TRUE(json["exhausted"].is_null());
  EXPECT_TRUE(json["held"].is_null());
  EXPECT_TRUE(json["time_wait"].is_null());
  EXPECT_TRUE(json["destination"].is_null());
  EXPECT_TRUE(json["waits"].is_null());
}

TEST(MeasureCsvTest, HasALinePerTrialAndEmptyFieldsForWhatIsNotKnown) {
  Measurement found = sample();
  found.trials.push_back({.counts = {.attempts = 5, .elsewhere = {.attempts = 2, .hits = 1}, .refused = 5},
                          .elapsed = 1ms,
                          .launches = 2,
                          .end = TrialEnd::kHits});
  EXPECT_EQ(measurement_csv(found),
            "trial,attempts,hits,refused,exhausted,held,time_wait,even,odd,first_hit_attempt,first_hit_ms,"
            "elapsed_ms,launches,lost,elsewhere_attempts,elsewhere_hits,passed_over,ended\n"
            "1,11,1,10,0,0,0,6,5,11,1.1,1.1,1,0,0,0,0,interrupted\n"
            "2,5,0,5,,,,0,0,,,1,2,0,2,1,0,hits\n");
}

}  // namespace

}  // namespace selfconnect
