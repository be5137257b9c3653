// The edges of a target that was built for it arrive.
// SPDX-License-Identifier: MIT
#include "harness/campaign/coverage_map.h"

#include <algorithm>
#include <cstdlib>

#include "in_world.h"

namespace selfconnect {
namespace {

using testing::run_to_end;

const std::string kCovered = SELFCONNECT_TARGETS "/covered";

std::vector<std::uint8_t> edges_of(const World& world, const std::vector<std::string>& command) {
  auto map = CoverageMap::create(4096);
  if (!map) {
    ADD_FAILURE() << map.error().message;
    return {};
  }
  run_to_end(world, {.command = command, .kept_descriptor = map->fd()});
  unsetenv("SELFCONNECT_COVERAGE");
  return {map->edges().begin(), map->edges().end()};
}

class CoverageMapTest : public testing::InWorld {
  void SetUp() override {
    InWorld::SetUp();
    if (!std::filesystem::exists(kCovered)) GTEST_SKIP() << "needs clang: " << kCovered << " is not built";
  }
};

TEST_F(CoverageMapTest, ShowsWhichEdgesRan) {
  const auto usage = edges_of(world(), {kCovered});
  const auto refused = edges_of(world(), {kCovered, "127.0.0.1", "1"});
  const auto count = [](const auto& edges) {
    return std::ranges::count_if(edges, [](auto edge) { return edge > 0; });
  };
  EXPECT_GT(count(usage), 0);
  EXPECT_GT(count(refused), 0);
  EXPECT_NE(refused, usage);
  EXPECT_EQ(edges_of(world(), {kCovered}), usage) << "the same run gives the same edges";
}

TEST_F(CoverageMapTest, TellsATargetThatCountsFromOneThatDoesNot) {
  EXPECT_TRUE(counts_edges(kCovered));
  EXPECT_FALSE(counts_edges(SELFCONNECT_TARGETS "/guarded"));
  EXPECT_FALSE(counts_edges("/nonexistent"));
  EXPECT_FALSE(counts_edges("/"));
}

TEST_F(CoverageMapTest, ATargetRunsWithoutAHarness) {
  const auto launched = run_to_end(world(), {.command = {kCovered, "127.0.0.1", "1"}});
  EXPECT_EQ(launched.ended.code, 1);
}

TEST_F(CoverageMapTest, OtherDescriptorsAreNotInherited) {
  auto map = CoverageMap::create(4096);
  ASSERT_TRUE(map);
  const LaunchSpec spec{.command = {"sh", "-c", "ls /proc/self/fd | wc -l"}};
  const auto without = run_to_end(world(), spec);
  LaunchSpec with = spec;
  with.kept_descriptor = map->fd();
  EXPECT_EQ(std::stoi(run_to_end(world(), with).out), std::stoi(without.out) + 1);
  unsetenv("SELFCONNECT_COVERAGE");
}

}  // namespace
}  // namespace selfconnect
