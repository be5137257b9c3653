// Schedules at random: generated, mutated, crossed.
// SPDX-License-Identifier: MIT
#include "harness/schedule/generate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace selfconnect {
namespace {

constexpr std::uint64_t kSeeds = 10'000;

std::string first_of_seed(std::uint64_t seed, std::uint64_t most_attempts = 64) {
  RandomSource random(seed);
  return print(generate_schedule(random, {.most_attempts = most_attempts}));
}

std::set<EventKind> kinds_of(const Schedule& schedule) {
  std::set<EventKind> kinds;
  for (const Entry& entry : schedule.entries) kinds.insert(entry.event.kind);
  return kinds;
}

std::vector<std::string> attempts_of(const Schedule& schedule) {
  std::vector<std::string> attempts;
  for (std::uint64_t i = 1; i <= length(schedule); ++i) attempts.push_back(print(event_of(schedule, i)));
  return attempts;
}

// In normal form, readable, and no longer than `most`.
void expect_valid(const Schedule& schedule, std::uint64_t most) {
  EXPECT_EQ(normal_form(schedule), schedule) << print(schedule);
  EXPECT_LE(length(schedule), most) << print(schedule);
  const auto read = parse_schedule(print(schedule));
  ASSERT_TRUE(read) << read.error().message(print(schedule));
  EXPECT_EQ(*read, schedule) << print(schedule);
}

TEST(ScheduleGenerateTest, GeneratesWhatReadsBackAsTheSame) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    RandomSource random(seed);
    const Schedule schedule = generate_schedule(random);
    expect_valid(schedule, 64);
    ASSERT_FALSE(schedule.entries.empty());
    EXPECT_NE(schedule.entries.back().event.kind, EventKind::kServe);
  }
}

TEST(ScheduleGenerateTest, KeepsToTheLimit) {
  RandomSource random(1);
  EXPECT_EQ(generate_schedule(random, {.most_attempts = 0}), Schedule{});
  for (const std::uint64_t most :
       {std::uint64_t{1}, std::uint64_t{5}, kMostAttempts, kMostAttempts * 1'000'000}) {
    for (int i = 0; i < 200; ++i) {
      expect_valid(generate_schedule(random, {.most_attempts = most}), std::min(most, kMostAttempts));
    }
  }
}

TEST(ScheduleGenerateTest, LeavesWholeKindsOut) {
  std::array<std::array<int, kEventKinds>, kEventKinds> with_without{};
  std::vector<std::size_t> sizes;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    RandomSource random(seed);
    const Schedule schedule = generate_schedule(random);
    if (schedule.entries.size() < 32) continue;  // too short to tell left out from not come up
    const std::set<EventKind> kinds = kinds_of(schedule);
    sizes.push_back(kinds.size());
    for (std::size_t with = 0; with < kEventKinds; ++with) {
      for (std::size_t without = 0; without < kEventKinds; ++without) {
        if (kinds.contains(static_cast<EventKind>(with)) &&
            !kinds.contains(static_cast<EventKind>(without))) {
          ++with_without.at(with).at(without);
        }
      }
    }
  }
  ASSERT_GT(sizes.size(), 100U);
  std::ranges::sort(sizes);
  EXPECT_EQ(sizes[sizes.size() / 2], kEventKinds / 2);  // of 32 out of all kinds it would be 11 or 12
  for (std::size_t with = 0; with < kEventKinds; ++with) {
    for (std::size_t without = 0; without < kEventKinds; ++without) {
      if (with == without) continue;
      EXPECT_GT(with_without.at(with).at(without), 0)
          << event_name(static_cast<EventKind>(with)) << " without "
          << event_name(static_cast<EventKind>(without));
    }
  }
}

TEST(ScheduleGenerateTest, DrawsLengthsLogUniformly) {
  std::array<int, 7> doublings{};  // 1, 2-3, 4-7 ... 32-63, 64
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    RandomSource random(seed);
    ++doublings.at(static_cast<std::size_t>(std::bit_width(length(generate_schedule(random)))) - 1);
  }
  // Binomial with p = 1/7: the standard deviation is 35.
  EXPECT_THAT(doublings,
              ::testing::Each(::testing::AllOf(::testing::Gt(1429 - 175), ::testing::Lt(1429 + 175))));
}

TEST(ScheduleGenerateTest, GivesTheSameForASeedOnEveryMachine) {
  EXPECT_EQ(first_of_seed(2), "half-close*6 close*9 serve*20 close half-close self*3 drop serve");
  EXPECT_EQ(
      first_of_seed(33),
      R"(script[read:13 say:"\x05\x00" say:"alyaturbgvwfew" read:1 say:"Content-Len"] script[say:"\xeb\xb8?"] )"
      "close serve");
  std::uint64_t hash = 0;  // of the first thousand, with amounts and scripts
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    for (const char byte : first_of_seed(seed))
      hash = RandomSource::mix(hash + static_cast<unsigned char>(byte));
  }
  EXPECT_EQ(hash, 9358468994226629277U);
}

TEST(ScheduleMutateTest, MutatesIntoWhatReadsBackAsTheSame) {
  RandomSource random(7);
  Schedule schedule = generate_schedule(random);
  for (int i = 0; i < 10'000; ++i) {
    SCOPED_TRACE(i);
    const Schedule mutant = mutate_schedule(schedule, random);
    expect_valid(mutant, 64);
    EXPECT_NE(mutant, schedule);
    schedule = mutant;
  }
}

TEST(ScheduleMutateTest, ReachesEveryKindFromTheQuietWindow) {
  RandomSource random(8);
  Schedule schedule;
  std::set<EventKind> kinds;
  for (int i = 0; i < 1'000; ++i) {
    schedule = mutate_schedule(schedule, random);
    kinds.merge(kinds_of(schedule));
  }
  EXPECT_EQ(kinds.size(), kEventKinds);
}

TEST(ScheduleMutateTest, KeepsMostOfWhatItWasGiven) {
  const Schedule schedule =
      parse_schedule("refuse*3 self close reset silent garbage:16 drop exhausted half-close truncate:4 serve")
          .value();
  std::size_t kept = 0;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    RandomSource random(seed);
    const Schedule mutant = mutate_schedule(schedule, random);
    for (const Entry& entry : schedule.entries) kept += std::ranges::count(mutant.entries, entry) > 0 ? 1 : 0;
  }
  EXPECT_GT(kept, 1'000 * schedule.entries.size() * 7 / 10);
}

TEST(ScheduleMutateTest, ChangesLengthsAmountsAndScriptsBothWays) {
  const Schedule schedule =
      parse_schedule("garbage:100 script[read:5 say:\"ready\" close] self serve").value();
  std::set<int> lengths;
  std::set<int> amounts;
  std::set<int> steps;
  const auto sign = [](auto value, auto reference) {
    return value < reference ? -1 : (value > reference ? 1 : 0);
  };
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    RandomSource random(seed);
    const Schedule mutant = mutate_schedule(schedule, random);
    lengths.insert(sign(length(mutant), 3U));
    if (mutant.entries.size() != 3) continue;
    if (mutant.entries[0].event.kind == EventKind::kGarbage)
      amounts.insert(sign(mutant.entries[0].event.amount, 100U));
    if (mutant.entries[1].event.kind == EventKind::kScript)
      steps.insert(sign(mutant.entries[1].event.steps.size(), 3U));
  }
  EXPECT_EQ(lengths.size(), 3U);
  EXPECT_EQ(amounts.size(), 3U);
  EXPECT_EQ(steps.size(), 3U);
}

TEST(ScheduleMutateTest, CutsWhatIsTooLong) {
  const Schedule schedule = parse_schedule("refuse*1000 self close*1000 serve").value();
  RandomSource random(9);
  for (int i = 0; i < 200; ++i) expect_valid(mutate_schedule(schedule, random, {.most_attempts = 5}), 5);
  EXPECT_EQ(mutate_schedule(schedule, random, {.most_attempts = 0}), Schedule{});
}

TEST(ScheduleMutateTest, StaysWithinWhatAScriptMaySay) {
  Schedule schedule = parse_schedule(fmt::format("script[say:\"{:x<{}}\"] serve", "", kMostBytes)).value();
  RandomSource random(10);
  for (int i = 0; i < 50; ++i) expect_valid(mutate_schedule(schedule, random), 64);
  schedule.entries[0].event.steps.assign(kMostSteps, {.what = Step::What::kRead, .amount = 1, .bytes = {}});
  for (int i = 0; i < 200; ++i) expect_valid(mutate_schedule(schedule, random), 64);
}

TEST(ScheduleMutateTest, StaysWithinTheNumberOfEntries) {
  Schedule schedule;
  for (std::size_t i = 0; i < kMostEntries; ++i) {
    schedule.entries.push_back(
        {.event = {.kind = i % 2 == 0 ? EventKind::kRefuse : EventKind::kSelf, .amount = 0, .steps = {}},
         .count = 1});
  }
  RandomSource random(11);
  for (int i = 0; i < 50; ++i) {
    expect_valid(mutate_schedule(schedule, random, {.most_attempts = kMostAttempts}), kMostAttempts);
    expect_valid(cross_schedules(schedule, schedule, random, {.most_attempts = kMostAttempts}),
                 kMostAttempts);
  }
}

TEST(ScheduleMutateTest, GivesTheSameForASeed) {
  const Schedule schedule = parse_schedule("refuse*3 self garbage:100 serve").value();
  RandomSource random(1);
  EXPECT_EQ(print(mutate_schedule(schedule, random)),
            "refuse*2 silent*3 garbage:100 refuse silent*3 garbage:100 serve");
  EXPECT_EQ(print(mutate_schedule(schedule, random)),
            "self*3 refuse*3 garbage:100 drop*3 serve drop*2 serve");
}

TEST(ScheduleCrossTest, JoinsABeginningAndAnEnd) {
  const Schedule one = parse_schedule("refuse*3 self close*2 serve").value();
  const Schedule other = parse_schedule("garbage:1 garbage:2*2 garbage:3 reset serve").value();
  const std::vector<std::string> from_one = attempts_of(one);
  const std::vector<std::string> from_other = attempts_of(other);
  std::set<std::pair<std::size_t, std::size_t>> cuts;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    RandomSource random(seed);
    const std::vector<std::string> crossed = attempts_of(cross_schedules(one, other, random));
    const auto [one_end, crossed_end] = std::ranges::mismatch(from_one, crossed);
    const auto rest = static_cast<std::size_t>(crossed.end() - crossed_end);
    ASSERT_LE(rest, from_other.size());
    EXPECT_TRUE(std::equal(crossed_end, crossed.end(), from_other.end() - static_cast<std::ptrdiff_t>(rest)));
    cuts.insert({one_end - from_one.begin(), rest});
  }
  EXPECT_EQ(cuts.size(), 7U * 6U);  // every cut of one with every cut of the other
}

TEST(ScheduleCrossTest, KeepsToTheLimit) {
  RandomSource random(12);
  for (int i = 0; i < 1'000; ++i) {
    const Schedule one = generate_schedule(random);
    expect_valid(cross_schedules(one, generate_schedule(random), random, {.most_attempts = 10}), 10);
  }
}

}  // namespace
}  // namespace selfconnect
