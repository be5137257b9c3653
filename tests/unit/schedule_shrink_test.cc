// The shrinker: what it gives shows the same, is minimal, and costs few runs. A run is counted, not timed.
// SPDX-License-Identifier: MIT
#include "harness/schedule/shrink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/schedule/generate.h"

namespace selfconnect {
namespace {

using Events = std::vector<Event>;
using Question = std::function<bool(const Schedule&)>;

Schedule schedule_of(std::string_view text) { return parse_schedule(text).value(); }

Events events_of(const Schedule& schedule) {
  Events events;
  for (const Entry& entry : schedule.entries) events.insert(events.end(), entry.count, entry.event);
  return events;
}

Schedule schedule_of(const Events& events) {
  Schedule schedule;
  for (const Event& event : events) schedule.entries.push_back({.event = event, .count = 1});
  return normal_form(schedule);
}

// Whether the events of `cause` are there, in order, others among them or not.
bool has_in_order(const Schedule& schedule, const Events& cause) {
  std::size_t met = 0;
  for (const Event& event : events_of(schedule)) met += met < cause.size() && event == cause[met] ? 1 : 0;
  return met == cause.size();
}

bool has_kinds_in_order(const Schedule& schedule, const std::vector<EventKind>& cause) {
  std::size_t met = 0;
  for (const Event& event : events_of(schedule))
    met += met < cause.size() && event.kind == cause[met] ? 1 : 0;
  return met == cause.size();
}

// Asks, and sees that the shrinker keeps its word: no question twice, none about the beginning, none that is not valid.
class Asked {
 public:
  Asked(const Schedule& schedule, Question shows)
      : shows_(std::move(shows)), texts_{print(normal_form(schedule))} {}

  bool operator()(const Schedule& schedule) {
    EXPECT_TRUE(texts_.insert(print(schedule)).second) << "asked twice: " << print(schedule);
    EXPECT_EQ(parse_schedule(print(schedule)), schedule);
    ++runs_;
    return shows_(schedule);
  }

  [[nodiscard]] std::size_t runs() const { return runs_; }

 private:
  Question shows_;
  std::set<std::string> texts_;
  std::size_t runs_ = 0;
};

Shrunk shrink(const Schedule& schedule, const Question& shows, std::size_t most_runs = 200) {
  EXPECT_TRUE(shows(schedule)) << "of no use: " << print(schedule);
  Asked asked(schedule, shows);
  const Shrunk shrunk = shrink_schedule(schedule, std::ref(asked), most_runs);
  EXPECT_EQ(shrunk.runs, asked.runs());
  EXPECT_LE(shrunk.runs, most_runs);
  EXPECT_TRUE(shows(shrunk.schedule)) << print(schedule) << " became " << print(shrunk.schedule);
  EXPECT_LE(length(shrunk.schedule), length(schedule));
  return shrunk;
}

Schedule draw_of_length(RandomSource& random, std::uint64_t attempts) {
  Schedule schedule;
  do {
    schedule = generate_schedule(random, {.most_attempts = attempts});
  } while (length(schedule) != attempts);
  return schedule;
}

Events draw_cause(RandomSource& random, const Schedule& schedule, std::uint32_t count) {
  std::set<std::uint32_t> places;
  while (places.size() < count) places.insert(random.below(static_cast<std::uint32_t>(length(schedule))));
  Events cause;
  for (const std::uint32_t place : places) cause.push_back(event_of(schedule, place + 1));
  return cause;
}

// What one change for the better makes of the schedule: an event left out, a kind by `refuse`, one byte or step less.
std::vector<Schedule> simpler_by_one(const Schedule& schedule) {
  const Events events = events_of(schedule);
  std::vector<Schedule> simpler;
  for (std::size_t i = 0; i < events.size(); ++i) {
    Events fewer = events;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    simpler.push_back(schedule_of(fewer));
    const auto with = [&](const Event& event) {
      Events changed = events;
      changed[i] = event;
      simpler.push_back(schedule_of(changed));
    };
    const Event& event = events[i];
    if (event.kind != EventKind::kRefuse) with({.kind = EventKind::kRefuse, .amount = 0, .steps = {}});
    if (event.amount > (event.kind == EventKind::kGarbage ? 1U : 0U)) {
      with({.kind = event.kind, .amount = event.amount - 1, .steps = {}});
    }
    for (std::size_t step = 0; step < event.steps.size(); ++step) {
      Event changed = event;
      changed.steps.erase(changed.steps.begin() + static_cast<std::ptrdiff_t>(step));
      if (!changed.steps.empty()) with(changed);
      changed = event;
      if (event.steps[step].amount > 1) --changed.steps[step].amount;
      if (event.steps[step].bytes.size() > 1) changed.steps[step].bytes.pop_back();
      if (changed != event) with(changed);
    }
  }
  return simpler;
}

void expect_minimal(const Shrunk& shrunk, const Question& shows) {
  EXPECT_TRUE(shrunk.minimal);
  for (const Schedule& simpler : simpler_by_one(shrunk.schedule)) {
    EXPECT_FALSE(shows(simpler)) << print(shrunk.schedule) << " could be " << print(simpler);
  }
}

// Exactly the cause comes out, and the runs are counted.
class Runs {
 public:
  void add(const Schedule& schedule, const Events& cause) {
    const Shrunk shrunk =
        shrink(schedule, [&](const Schedule& candidate) { return has_in_order(candidate, cause); });
    EXPECT_EQ(shrunk.schedule, schedule_of(cause)) << print(schedule);
    EXPECT_TRUE(shrunk.minimal) << print(schedule);
    EXPECT_LT(shrunk.runs, 200U) << print(schedule);
    runs_.push_back(shrunk.runs);
  }

  void record() {
    std::ranges::sort(runs_);
    ::testing::Test::RecordProperty("median_runs", std::to_string(runs_[runs_.size() / 2]));
    ::testing::Test::RecordProperty("worst_runs", std::to_string(runs_.back()));
  }

 private:
  std::vector<std::size_t> runs_;
};

TEST(ShrinkTest, FindsACauseOfOneToFourEventsOutOf64InLessThan200Runs) {
  Runs runs;
  for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
    SCOPED_TRACE(seed);
    RandomSource random(seed);
    const Schedule schedule = draw_of_length(random, 64);
    runs.add(schedule, draw_cause(random, schedule, 1 + static_cast<std::uint32_t>(seed % 4)));
  }
  runs.record();
}

TEST(ShrinkTest, FindsACauseAmong64DifferentEventsInLessThan200Runs) {
  Runs runs;
  for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
    SCOPED_TRACE(seed);
    RandomSource random(seed);
    Events events;
    while (events.size() < 64) {
      const Event event = generate_schedule(random, {.most_attempts = 1}).entries.at(0).event;
      if (events.empty() || event != events.back()) events.push_back(event);
    }
    const Schedule schedule = schedule_of(events);
    runs.add(schedule, draw_cause(random, schedule, 1 + static_cast<std::uint32_t>(seed % 4)));
  }
  runs.record();
}

TEST(ShrinkTest, FindsKindsWithTheLeastAmounts) {
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    SCOPED_TRACE(seed);
    RandomSource random(seed);
    const Schedule schedule = draw_of_length(random, 64);
    std::vector<EventKind> kinds;
    for (const Event& event : draw_cause(random, schedule, 1 + static_cast<std::uint32_t>(seed % 4))) {
      kinds.push_back(event.kind);
    }
    const Question shows = [&](const Schedule& candidate) { return has_kinds_in_order(candidate, kinds); };
    const Shrunk shrunk = shrink(schedule, shows);
    EXPECT_EQ(length(shrunk.schedule), kinds.size());
    EXPECT_LT(shrunk.runs, 200U);
    expect_minimal(shrunk, shows);
  }
}

TEST(ShrinkTest, FindsTheLeastAmountThatIsEnough) {
  const Schedule schedule = schedule_of("refuse*20 garbage:1000000 self*5 truncate:5000 close serve");
  const Shrunk shrunk = shrink(schedule, [](const Schedule& candidate) {
    std::uint32_t garbage = 0;
    bool shows = false;
    for (const Event& event : events_of(candidate)) {
      if (event.kind == EventKind::kGarbage) garbage = std::max(garbage, event.amount);
      shows |= event.kind == EventKind::kTruncate && event.amount >= 1 && garbage > 4095;
    }
    return shows;
  });
  EXPECT_EQ(print(shrunk.schedule), "garbage:4096 truncate:1 serve");
  EXPECT_TRUE(shrunk.minimal);
}

TEST(ShrinkTest, ShortensScripts) {
  const Schedule schedule = schedule_of(
      R"(self*3 script[read:40 say:"+OK\r\n" read:10 say:"220 ready\r\n" read:3 close]*4 reset serve)");
  const Shrunk shrunk = shrink(schedule, [](const Schedule& candidate) {
    return std::ranges::any_of(candidate.entries, [](const Entry& entry) {
      std::uint32_t read = 0;
      for (const Step& step : entry.event.steps) {
        read += step.amount;
        if (read >= 7 && step.bytes.contains("ready")) return true;
      }
      return false;
    });
  });
  EXPECT_EQ(print(shrunk.schedule), R"(script[read:7 say:"ready"] serve)");
  EXPECT_TRUE(shrunk.minimal);
}

TEST(ShrinkTest, TakesThePlainEventForAScriptOfOneStep) {
  const Question has_reset = [](const Schedule& candidate) {
    return std::ranges::any_of(candidate.entries, [](const Entry& entry) {
      return entry.event.kind == EventKind::kReset ||
             (!entry.event.steps.empty() && entry.event.steps.back().what == Step::What::kReset);
    });
  };
  EXPECT_EQ(print(shrink(schedule_of("self script[read:4 say:\"x\" reset] serve"), has_reset).schedule),
            "reset serve");
}

TEST(ShrinkTest, LeavesOutAllWhereTheScheduleDoesNotMatter) {
  const Shrunk shrunk =
      shrink(schedule_of("refuse*3 self close serve"), [](const Schedule&) { return true; });
  EXPECT_EQ(shrunk.schedule, Schedule{});
  EXPECT_TRUE(shrunk.minimal);
  EXPECT_EQ(shrunk.runs, 1U);
}

TEST(ShrinkTest, AsksNothingAboutTheQuietWindow) {
  const Shrunk shrunk = shrink(Schedule{}, [](const Schedule&) { return true; });
  EXPECT_EQ(shrunk.schedule, Schedule{});
  EXPECT_EQ(shrunk.runs, 0U);
  EXPECT_TRUE(shrunk.minimal);
}

TEST(ShrinkTest, CountsRepeatsDownInFewRuns) {
  const Shrunk shrunk =
      shrink(schedule_of("refuse*20000 self*70000 close*10000 serve"), [](const Schedule& candidate) {
        return std::ranges::any_of(candidate.entries, [](const Entry& entry) {
          return entry.event.kind == EventKind::kSelf && entry.count >= 300;
        });
      });
  EXPECT_EQ(length(shrunk.schedule), 300U);
  EXPECT_LE(shrunk.runs, 200U);
}

TEST(ShrinkTest, StopsAtTheLimitWithWhatItHas) {
  const Schedule schedule =
      schedule_of("refuse*9 self garbage:500 close reset*7 drop*9 silent half-close*4 serve");
  const Events cause = {event_of(schedule, 10), event_of(schedule, 13)};
  const Question shows = [&](const Schedule& candidate) { return has_in_order(candidate, cause); };
  const std::size_t needed = shrink(schedule, shows).runs;
  for (std::size_t most = 0; most <= needed + 1; ++most) {
    const Shrunk shrunk = shrink(schedule, shows, most);
    EXPECT_EQ(shrunk.minimal, most >= needed) << most;
    EXPECT_EQ(shrunk.runs, std::min(most, needed));
  }
  EXPECT_EQ(shrink(schedule, shows, 0).schedule, schedule);
}

// Every schedule that leaves events of this one out, the shortest first.
std::vector<Schedule> all_parts(const Schedule& schedule) {
  const Events events = events_of(schedule);
  std::vector<Schedule> parts;
  for (unsigned kept = 0; kept < 1U << events.size(); ++kept) {
    Events part;
    for (std::size_t i = 0; i < events.size(); ++i) {
      if ((kept >> i & 1U) != 0) part.push_back(events[i]);
    }
    parts.push_back(schedule_of(part));
  }
  std::ranges::sort(parts, {}, length);
  return parts;
}

TEST(ShrinkTest, GivesAsFewEventsAsAllPartsTried) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    RandomSource random(seed);
    const Schedule schedule = draw_of_length(random, 2 + seed % 9);
    const Events cause = draw_cause(random, schedule, 1 + static_cast<std::uint32_t>(seed % 2));
    const Question shows = [&](const Schedule& candidate) { return has_in_order(candidate, cause); };
    const std::vector<Schedule> parts = all_parts(schedule);
    const auto shortest = std::ranges::find_if(parts, shows);
    EXPECT_EQ(length(shrink(schedule, shows).schedule), length(*shortest)) << print(schedule);
  }
}

// Questions without reason: whatever has a certain hash shows it. Leaving out two may do where leaving out one does not.
TEST(ShrinkTest, IsMinimalWhateverShowsIt) {
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    SCOPED_TRACE(seed);
    RandomSource random(seed);
    const Schedule schedule = draw_of_length(random, 1 + seed % 12);
    const std::string text = print(schedule);
    const Question shows = [&](const Schedule& candidate) {
      std::uint64_t hash = seed;
      for (const char byte : print(candidate))
        hash = RandomSource::mix(hash + static_cast<unsigned char>(byte));
      return print(candidate) == text || hash % 8 == 0;
    };
    expect_minimal(shrink(schedule, shows, 100'000), shows);
  }
}

}  // namespace
}  // namespace selfconnect
