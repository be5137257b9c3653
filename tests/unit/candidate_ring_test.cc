// SPDX-License-Identifier: MIT
#include "harness/ports/candidate_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace selfconnect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kLinux = PolicyKind::kLinux5_18;

PortLayout layout_of(int low, int high, std::set<std::uint16_t> reserved = {}) {
  return {.low = static_cast<std::uint16_t>(low),
          .high = static_cast<std::uint16_t>(high),
          .reserved = std::move(reserved)};
}

ScanEnd end(int port, int skipped) {
  return {static_cast<std::uint16_t>(port), static_cast<std::uint16_t>(skipped)};
}

TEST(CandidateRingTest, HasAPlaceForEachPortOfTheLowParity) {
  EXPECT_THAT(candidate_ring(kLinux, layout_of(100, 105)).places,
              ElementsAre(end(100, 0), end(102, 0), end(104, 0)));
  EXPECT_THAT(candidate_ring(PolicyKind::kLinux2_6, layout_of(100, 102)).places,
              ElementsAre(end(100, 0), end(101, 0), end(102, 0)));
}

TEST(CandidateRingTest, GoesOnFromAReservedPort) {
  EXPECT_THAT(candidate_ring(kLinux, layout_of(100, 105, {102, 104})).places,
              ElementsAre(end(100, 0), end(100, 2), end(100, 1)));
}

TEST(CandidateRingTest, ComesToTheLastPortOfAnOddRangeOnlyFromTheOneBefore) {
  EXPECT_THAT(candidate_ring(kLinux, layout_of(100, 104)).places, ElementsAre(end(100, 0), end(102, 0)));
  EXPECT_THAT(candidate_ring(kLinux, layout_of(100, 104, {102})).places,
              ElementsAre(end(100, 0), end(104, 1)));
}

TEST(CandidateRingTest, GoesBackToTheThirdPortOfAnOddRange) {
  EXPECT_THAT(candidate_ring(kLinux, layout_of(100, 106, {104, 106})).places,
              ElementsAre(end(100, 0), end(102, 0), end(102, 2)));
}

TEST(CandidateRingTest, TakesTheOtherParityWhereAScanFoundNone) {
  EXPECT_THAT(candidate_ring(kLinux, layout_of(100, 103, {100, 102, 101})).places,
              ElementsAre(end(103, 1), end(103, 0)));
  // A scan from 102 does not come to 100: the range is odd.
  const CandidateRing mixed = candidate_ring(kLinux, layout_of(100, 104, {102, 104}));
  EXPECT_THAT(mixed.places, ElementsAre(end(100, 0), end(103, 0)));
  EXPECT_THAT(mixed.candidates(), ElementsAre(100, 103));
}

TEST(CandidateRingTest, MayHavePlacesWithoutAPort) {
  EXPECT_THAT(candidate_ring(kLinux, layout_of(100, 104, {101, 102, 103, 104})).places,
              ElementsAre(end(100, 0), ScanEnd()));
  EXPECT_THAT(candidate_ring(kLinux, layout_of(100, 102, {100, 101})).candidates(), IsEmpty());
}

TEST(CandidateRingTest, FreebsdDoesNotStartAtTheLowest) {
  EXPECT_THAT(candidate_ring(PolicyKind::kFreebsd, layout_of(100, 103, {103})).places,
              ElementsAre(end(101, 0), end(102, 0), end(100, 1)));
  EXPECT_THAT(candidate_ring(PolicyKind::kFreebsd, layout_of(100, 100)).places, ElementsAre(end(100, 0)));
}

TEST(CandidateRingTest, CountsPlacesAndTellsWhetherAllAreAlike) {
  const CandidateRing ring = candidate_ring(kLinux, layout_of(100, 109, {102, 104}));
  EXPECT_EQ(ring.places_leading_to(106), 3U);
  EXPECT_EQ(ring.places_leading_to(102), 0U);
  EXPECT_FALSE(ring.skips_nothing());
  EXPECT_TRUE(candidate_ring(kLinux, layout_of(100, 109, {103})).skips_nothing());
}

}  // namespace
}  // namespace selfconnect
