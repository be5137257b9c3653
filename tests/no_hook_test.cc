// The engine hook of a build without clang's BPF target: it is missing, says so, and what else there is works.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/ports/engine_choice.h"
#include "harness/ports/hook_engine.h"
#include "tests/capability.h"

namespace selfconnect {
namespace {

using ::testing::HasSubstr;

TEST(NoHookTest, SaysWhatToInstall) {
  const auto world = World::here();
  ASSERT_TRUE(world);
  const auto engine = make_engine(EngineChoice::kHook, *world);
  ASSERT_FALSE(engine);
  EXPECT_THAT(engine.error().message,
              HasSubstr("built without the engine hook: install clang-19, bpftool and libbpf-dev"));
}

TEST(NoHookTest, AutoTakesAnotherEngine) {
  auto world = World::create();
  SELFCONNECT_NEEDS("netns", world ? "" : world.error().message);
  constexpr std::array kOrder = {EngineChoice::kHook, EngineChoice::kRange};
  const auto best = choose_engine(EngineChoice::kAuto, *world, kOrder);
  ASSERT_TRUE(best) << best.error().message;
  EXPECT_EQ(best->choice, EngineChoice::kRange);
  EXPECT_THAT(best->reason, HasSubstr("built without the engine hook"));
}

}  // namespace
}  // namespace selfconnect
