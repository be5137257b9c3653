// Worlds that are lent, taken back and lent again, or not.
// SPDX-License-Identifier: MIT
#include "harness/world/world_pool.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <set>

#include "harness/peer/listener.h"
#include "in_world.h"

namespace selfconnect {
namespace {

using testing::has_children;
using testing::run_shell;

class WorldPoolTest : public testing::InWorld {};

TEST_F(WorldPoolTest, LendsAWorldAgain) {
  WorldPool pool({});
  pid_t init = 0;
  for (int i = 0; i < 5; ++i) {
    auto world = pool.take();
    ASSERT_TRUE(world) << world.error().message;
    if (i > 0) {
      EXPECT_EQ((*world)->init_pid(), init);
    }
    init = (*world)->init_pid();
  }
  EXPECT_EQ(pool.counts().made, 1U);
  EXPECT_EQ(pool.counts().recycled, 4U);
  EXPECT_EQ(pool.counts().refused, 0U) << pool.counts().refusal;
  EXPECT_EQ(pool.idle(), 1U);
}

TEST_F(WorldPoolTest, NeverDoesWhereAsked) {
  WorldPool pool({.reuse = WorldPool::Reuse::kNever});
  std::set<pid_t> inits;
  for (int i = 0; i < 3; ++i) {
    auto world = pool.take();
    ASSERT_TRUE(world);
    inits.insert((*world)->init_pid());
  }
  EXPECT_EQ(inits.size(), 3U);
  EXPECT_EQ(pool.counts().made, 3U);
  EXPECT_EQ(pool.counts().recycled, 0U);
  EXPECT_EQ(pool.idle(), 0U);
}

TEST_F(WorldPoolTest, LendsAWorldAgainWithANewNetwork) {
  WorldPool pool({.reuse = WorldPool::Reuse::kRenewed});
  std::vector<UniqueFd> old;
  pid_t init = 0;
  for (int i = 0; i < 5; ++i) {
    auto world = pool.take();
    ASSERT_TRUE(world) << world.error().message;
    if (i > 0) {
      EXPECT_EQ((*world)->init_pid(), init);
    }
    init = (*world)->init_pid();
    auto listener = listen_in(**world, {*Address::parse("127.0.0.1"), 5000});
    ASSERT_TRUE(listener) << listener.error().message;
    old.push_back(std::move(*listener));
    ASSERT_TRUE((*world)->socket(AF_PACKET, SOCK_DGRAM, 0));
  }
  EXPECT_EQ(pool.counts().made, 1U);
  EXPECT_EQ(pool.counts().recycled, 4U);
  EXPECT_EQ(pool.counts().refused, 0U) << pool.counts().refusal;
}

TEST_F(WorldPoolTest, EndsAWorldThatCannotBeRenewed) {
  WorldPool pool({.reuse = WorldPool::Reuse::kRenewed});
  auto world = pool.take();
  ASSERT_TRUE(world);
  boost::asio::io_context context;
  auto target = Process::launch(context, **world, {.command = {"sleep", "1000"}}, [] {});
  ASSERT_TRUE(target) << target.error().message;
  const UniqueFd init = testing::pidfd_of((*world)->init_pid());
  world->reset();  // its target is not reaped
  target->reset();
  EXPECT_TRUE(testing::ends(init));
  EXPECT_EQ(pool.counts().refused, 1U);
  EXPECT_TRUE(pool.take());
  EXPECT_EQ(pool.counts().made, 2U);
}

TEST_F(WorldPoolTest, EndsAWorldThatCannotBeCleaned) {
  WorldPool pool({});
  auto world = pool.take();
  ASSERT_TRUE(world);
  ASSERT_TRUE((*world)->add_local_address(*Address::parse("127.0.0.2")));
  const UniqueFd init = testing::pidfd_of((*world)->init_pid());
  world->reset();
  EXPECT_TRUE(testing::ends(init));
  EXPECT_EQ(pool.idle(), 0U);
  EXPECT_EQ(pool.counts().refused, 1U);
  EXPECT_NE(pool.counts().refusal.find("address"), std::string::npos) << pool.counts().refusal;
  ASSERT_TRUE(pool.take());
  EXPECT_EQ(pool.counts().made, 2U);
}

TEST_F(WorldPoolTest, KeepsAWorldBackUntilItsSocketsAreGone) {
  WorldPool pool({});
  auto world = pool.take();
  ASSERT_TRUE(world);
  auto left = listen_in(**world, {*Address::parse("127.0.0.1"), 5000});
  ASSERT_TRUE(left);
  const pid_t init = (*world)->init_pid();
  world->reset();
  const auto other = pool.take();
  ASSERT_TRUE(other);
  EXPECT_NE((*other)->init_pid(), init);
  EXPECT_EQ(pool.idle(), 1U);
  left->reset();
  const auto again = pool.take();
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->init_pid(), init);
  EXPECT_EQ(pool.counts().recycled, 1U);
}

// A netlink socket that a target has closed is there for some 20 ms more.
TEST_F(WorldPoolTest, LendsWorldsAgainWhoseTargetUsedNetlink) {
  WorldPool pool({});
  const auto by = std::chrono::steady_clock::now() + testing::kPatience;
  while (pool.counts().recycled < 20 && std::chrono::steady_clock::now() < by) {
    auto world = pool.take();
    ASSERT_TRUE(world);
    ASSERT_EQ(run_shell(**world, "ip link show lo").ended.code, 0);
  }
  EXPECT_EQ(pool.counts().recycled, 20U);
  EXPECT_EQ(pool.counts().refused, 0U) << pool.counts().refusal;
}

TEST_F(WorldPoolTest, EndsAWorldWhoseSocketsStay) {
  WorldPool pool({});
  auto world = pool.take();
  ASSERT_TRUE(world);
  const auto left = listen_in(**world, {*Address::parse("127.0.0.1"), 5000});
  ASSERT_TRUE(left);
  const UniqueFd init = testing::pidfd_of((*world)->init_pid());
  world->reset();
  ASSERT_EQ(pool.idle(), 1U);
  const auto by = std::chrono::steady_clock::now() + testing::kPatience;
  while (pool.idle() > 0 && std::chrono::steady_clock::now() < by) {
    auto other = pool.take();  // looks at it, and is another
    ASSERT_TRUE(other);
    EXPECT_EQ(pool.counts().recycled, 0U);
    ASSERT_TRUE((*other)->add_local_address(*Address::parse("127.0.0.2")));  // does not come back
    poll(nullptr, 0, 100);
  }
  EXPECT_EQ(pool.idle(), 0U);
  EXPECT_TRUE(testing::ends(init));
}

TEST_F(WorldPoolTest, HoldsNoMoreThanItMay) {
  WorldPool pool({.most_idle = 2});
  std::vector<WorldPool::Lent> worlds;
  for (int i = 0; i < 5; ++i) {
    auto world = pool.take();
    ASSERT_TRUE(world);
    worlds.push_back(std::move(*world));
  }
  worlds.clear();
  EXPECT_EQ(pool.idle(), 2U);
}

TEST_F(WorldPoolTest, LendsNoWorldThatHasEnded) {
  WorldPool pool({});
  auto world = pool.take();
  ASSERT_TRUE(world);
  const pid_t init = (*world)->init_pid();
  world->reset();
  ASSERT_EQ(pool.idle(), 1U);
  const UniqueFd pidfd = testing::pidfd_of(init);
  kill(init, SIGKILL);
  ASSERT_TRUE(testing::ends(pidfd));
  auto other = pool.take();
  ASSERT_TRUE(other);
  EXPECT_NE((*other)->init_pid(), init);
  EXPECT_EQ(run_shell(**other, "echo up").out, "up\n");
}

TEST_F(WorldPoolTest, StopsWatchingWhereEachIsSpoilt) {
  WorldPool pool({});
  for (int i = 0; i < 20; ++i) {
    auto world = pool.take();
    ASSERT_TRUE(world);
    if ((*world)->watched()) {
      ASSERT_TRUE((*world)->add_local_address(*Address::parse("127.0.0.2")));
    }
  }
  EXPECT_EQ(pool.counts().refused, 16U);
  EXPECT_FALSE((*pool.take())->watched());
}

// In a child, for the process adopts others' children from then on.
TEST_F(WorldPoolTest, EndsTheWorldAtHand) {
  const int failed = testing::in_child([] {
    WorldPool pool({});
    auto here = World::here();
    if (!here) return 1;
    pool.lend(std::move(*here)).reset();
    return pool.idle() == 0 && pool.counts().refused == 0 ? 0 : 2;
  });
  EXPECT_EQ(failed, 0);
}

TEST_F(WorldPoolTest, LeavesNothingBehind) {
  end_world();
  for (const auto reuse :
       {WorldPool::Reuse::kNever, WorldPool::Reuse::kRenewed, WorldPool::Reuse::kCleaned}) {
    {
      WorldPool pool({.reuse = reuse});
      std::vector<WorldPool::Lent> worlds;
      for (int i = 0; i < 8; ++i) worlds.push_back(std::move(*pool.take()));
      for (const auto& world : worlds) ASSERT_TRUE(world->socket(AF_PACKET, SOCK_DGRAM, 0));
      worlds.clear();
    }
    EXPECT_FALSE(has_children());
  }
}

}  // namespace
}  // namespace selfconnect
