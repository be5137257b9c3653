// SPDX-License-Identifier: MIT
#include "harness/check/capabilities.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "harness/world/world.h"
#include "tests/capability.h"

namespace selfconnect {
namespace {

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator descriptors("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(descriptors), end(descriptors)));
}

TEST(CapabilitiesTest, TriesEveryAbilityOnce) {
  const auto probed = probe_abilities();
  ASSERT_EQ(probed.size(), 11U);
  for (std::size_t i = 0; i < probed.size(); ++i) {
    EXPECT_EQ(probed[i].ability, static_cast<Ability>(i));
    EXPECT_FALSE(ability_name(probed[i].ability).empty());
  }
}

TEST(CapabilitiesTest, FindsWhatCheckNeedsWhereAWorldCanBeMade) {
  const auto world = World::create();
  SELFCONNECT_NEEDS("netns", world ? "" : world.error().message);
  const auto probed = probe_abilities();
  const Probed* missing = missing_for_check(probed);
  EXPECT_EQ(missing, nullptr) << ability_name(missing->ability) << ": " << missing->outcome.error().message;
}

TEST(CapabilitiesTest, LeavesNothingBehind) {
  const std::string sysctl = "/proc/sys/net/ipv4/ip_local_port_range";
  const auto range = read_kernel_text(sysctl);
  const std::size_t before = open_descriptors();
  (void)probe_abilities();
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
  EXPECT_EQ(errno, ECHILD);
  EXPECT_EQ(read_kernel_text(sysctl), range);
}

}  // namespace
}  // namespace selfconnect
