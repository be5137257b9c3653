// SPDX-License-Identifier: MIT
#include "harness/world/graveyard.h"

#include <sys/socket.h>

#include "harness/trace/proc_sampler.h"
#include "in_world.h"

namespace selfconnect {
namespace {

using testing::ends;
using testing::has_children;
using testing::pidfd_of;

class GraveyardTest : public testing::InWorld {};

TEST_F(GraveyardTest, KillsAWorldThatIsLetGo) {
  Graveyard graveyard;
  auto kept = graveyard.keep(std::move(world()));
  const UniqueFd init = pidfd_of(kept->init_pid());
  EXPECT_EQ(graveyard.dying(), 0U);
  kept.reset();
  EXPECT_EQ(graveyard.dying(), 1U);
  EXPECT_TRUE(ends(init));
}

TEST_F(GraveyardTest, ReapsWhatHasEndedWhenTheNextOneComes) {
  Graveyard graveyard;
  auto next = World::create();
  ASSERT_TRUE(next) << next.error().message;
  auto kept = graveyard.keep(std::move(world()));
  const UniqueFd init = pidfd_of(kept->init_pid());
  kept.reset();
  ASSERT_TRUE(ends(init));
  graveyard.keep(std::move(*next)).reset();
  EXPECT_EQ(graveyard.dying(), 1U);
}

TEST_F(GraveyardTest, LeavesNothingBehind) {
  {
    Graveyard graveyard;
    graveyard.keep(std::move(world())).reset();
  }
  EXPECT_FALSE(has_children());
}

// The capture's close, 15 ms of waiting, is left to the world's init.
TEST_F(GraveyardTest, HoldsPacketSocketsUntilTheWorldEnds) {
  Graveyard graveyard;
  auto kept = graveyard.keep(std::move(world()));
  const auto before = sample_process(kept->init_pid())->descriptors;
  auto socket = kept->socket(AF_PACKET, SOCK_DGRAM, 0);
  ASSERT_TRUE(socket) << socket.error().message;
  // A further request is answered once the one before it is done with.
  ASSERT_TRUE(kept->set_sysctl("net/ipv4/ip_unprivileged_port_start", "0"));
  const auto with_capture = sample_process(kept->init_pid())->descriptors;
  ASSERT_TRUE(kept->socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_TRUE(kept->set_sysctl("net/ipv4/ip_unprivileged_port_start", "0"));
  EXPECT_EQ(sample_process(kept->init_pid())->descriptors, with_capture);
  EXPECT_EQ(with_capture, before + 1);
}

}  // namespace
}  // namespace selfconnect
