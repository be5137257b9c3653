// Schedules as values.
// SPDX-License-Identifier: MIT
#include "harness/schedule/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace selfconnect {
namespace {

Schedule schedule_of(std::string_view text) { return parse_schedule(text).value(); }

Entry entry(EventKind kind, std::uint32_t count) {
  return {.event = {.kind = kind, .amount = 0, .steps = {}}, .count = count};
}

TEST(ScheduleTest, CountsTheAttemptsBeforeTheQuietWindow) {
  EXPECT_EQ(length(Schedule{}), 0U);
  EXPECT_EQ(length(schedule_of("refuse*3 self serve*2 serve")), 6U);
  EXPECT_EQ(length(schedule_of("refuse*100000 serve")), 100'000U);
}

TEST(ScheduleTest, TellsWhatHappensToEachAttempt) {
  const Schedule schedule = schedule_of("refuse*3 self garbage:7*2 serve");
  std::string kinds;
  for (std::uint64_t attempt = 1; attempt <= 8; ++attempt) kinds += print(event_of(schedule, attempt)) + " ";
  EXPECT_EQ(kinds, "refuse refuse refuse self garbage:7 garbage:7 serve serve ");
  EXPECT_EQ(event_of(schedule, ~std::uint64_t{0}).kind, EventKind::kServe);
  EXPECT_EQ(event_of(Schedule{}, 1).kind, EventKind::kServe);
}

TEST(ScheduleTest, JoinsNeighboursThatAreEqual) {
  const Schedule joined = normal_form(
      {.entries = {entry(EventKind::kRefuse, 0), entry(EventKind::kSelf, 1), entry(EventKind::kRefuse, 0),
                   entry(EventKind::kSelf, 2), entry(EventKind::kServe, 1)}});
  EXPECT_THAT(joined.entries,
              ::testing::ElementsAre(entry(EventKind::kSelf, 3), entry(EventKind::kServe, 1)));
  EXPECT_EQ(normal_form(joined), joined);
}

TEST(ScheduleTest, KeepsNeighboursApartThatDifferInTheirAmount) {
  const Schedule schedule = schedule_of("garbage:1 garbage:2 script[read:1] script[read:2] serve");
  EXPECT_EQ(normal_form(schedule), schedule);
  EXPECT_EQ(schedule.entries.size(), 4U);
}

TEST(ScheduleTest, NamesEveryKindOnce) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kEventKinds; ++i) names.insert(event_name(static_cast<EventKind>(i)));
  EXPECT_EQ(names.size(), kEventKinds);
}

TEST(ScheduleTest, KnowsWhichEventsAreAccepted) {
  std::string accepted;
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    const auto kind = static_cast<EventKind>(i);
    if (is_accepted(kind)) accepted += std::string(event_name(kind)) + " ";
  }
  EXPECT_EQ(accepted, "serve close reset silent garbage half-close truncate script ");
}

TEST(ScheduleTest, KnowsWhichEventsLeaveNothingToWaitFor) {
  std::string over;
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    const auto kind = static_cast<EventKind>(i);
    if (leaves_nothing_to_wait_for(kind)) over += std::string(event_name(kind)) + " ";
  }
  EXPECT_EQ(over, "refuse self close reset exhausted half-close ");
}

}  // namespace
}  // namespace selfconnect
