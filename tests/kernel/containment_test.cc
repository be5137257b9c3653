// A target that takes too much is ended, and the machine is not.
// SPDX-License-Identifier: MIT
#include "harness/campaign/containment.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "in_world.h"

namespace selfconnect {
namespace {

using testing::ends;
using ::testing::HasSubstr;
using testing::pidfd_of;
using testing::run_to_end;

class ContainmentTest : public testing::InWorld {
 protected:
  // What the containment said of a target that had to be ended. Its init takes the target with it.
  std::string ended_by(const ContainmentLimits& limits, const std::string& script) {
    Containment containment(limits);
    const UniqueFd init = pidfd_of(world().init_pid());
    const auto launched = run_to_end(world(), {.command = {"sh", "-c", script}});
    EXPECT_TRUE(launched.ended.signalled);
    EXPECT_EQ(launched.ended.code, SIGKILL);
    EXPECT_TRUE(ends(init));
    return containment.take_reason().value_or("nothing");
  }
};

TEST_F(ContainmentTest, EndsAForkBomb) {
  EXPECT_EQ(ended_by({.processes = 40, .disk = {}}, "while :; do sleep 60 & done"), "40 processes");
}

TEST_F(ContainmentTest, EndsAForkBombThatDetaches) {
  // Every process is its own session's leader, and an orphan.
  EXPECT_EQ(ended_by({.processes = 40, .disk = {}}, "while :; do (setsid sleep 60 &) ; done"),
            "40 processes");
}

TEST_F(ContainmentTest, EndsWhatEatsMemory) {
  constexpr std::uint64_t kLimit = 96 << 20;
  EXPECT_EQ(
      ended_by(
          {.resident_bytes = kLimit, .disk = {}},
          "exec python3 -c 'import time\nhold = []\nwhile True: hold.append(bytearray(b\"x\" * (1 << 20)))'"),
      "more than 96 MiB of memory");
}

TEST_F(ContainmentTest, EndsWhatFillsTheDisk) {
  // More than there is, so that the disk counts as full, and shrinks where any byte is written.
  std::string name = ::testing::TempDir() + "selfconnect-XXXXXX";
  const std::filesystem::path directory = mkdtemp(name.data());
  EXPECT_THAT(ended_by({.free_disk_bytes = UINT64_MAX - 1, .disk = directory},
                       "while :; do head -c 4194304 /dev/zero >> " + directory.string() + "/file; done"),
              HasSubstr("the disk of " + directory.string()));
  std::filesystem::remove_all(directory);
}

TEST_F(ContainmentTest, LeavesAloneWhoWritesNothingWhileTheDiskFills) {
  std::string name = ::testing::TempDir() + "selfconnect-XXXXXX";
  const std::filesystem::path directory = mkdtemp(name.data());
  Containment containment({.free_disk_bytes = UINT64_MAX - 1, .disk = directory});
  std::jthread other([&](const std::stop_token& stop) {
    std::ofstream file(directory / "file");
    while (!stop.stop_requested()) file << std::string(1 << 20, 'x') << std::flush;
  });
  const auto launched = run_to_end(world(), {.command = {"sleep", "0.5"}});
  EXPECT_FALSE(launched.ended.signalled);
  EXPECT_EQ(containment.take_reason(), std::nullopt);
  other.request_stop();
  other.join();
  std::filesystem::remove_all(directory);
}

TEST_F(ContainmentTest, LeavesAlonePlainTargets) {
  Containment containment({.processes = 40, .resident_bytes = 96 << 20, .disk = {}});
  const auto launched =
      run_to_end(world(), {.command = {"sh", "-c", "for i in 1 2 3 4 5 6; do sleep 0.1 & done; wait"}});
  EXPECT_FALSE(launched.ended.signalled);
  EXPECT_EQ(containment.take_reason(), std::nullopt);
}

TEST_F(ContainmentTest, FindsTheWorldsInit) {
  const auto all = descendants_of(getpid(), 1000);
  const auto init = std::ranges::find(all, world().init_pid(), &Descendant::pid);
  ASSERT_NE(init, all.end());
  EXPECT_TRUE(init->is_world_init);
  EXPECT_EQ(std::ranges::count(all, true, &Descendant::is_world_init), 1);
  EXPECT_LE(descendants_of(getpid(), 1).size(), 1U);
}

}  // namespace
}  // namespace selfconnect
