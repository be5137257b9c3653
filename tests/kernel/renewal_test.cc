// A world whose network was replaced is as it was made, or is not used again.
// SPDX-License-Identifier: MIT
#include <sys/socket.h>

#include "harness/peer/listener.h"
#include "harness/ports/engine.h"
#include "harness/trace/tcp_counters.h"
#include "harness/world/world.h"
#include "in_world.h"
#include "seen_in_world.h"

namespace selfconnect {
namespace {

using testing::dial;
using testing::kSelf4;
using testing::kSelf6;
using testing::run_shell;
using testing::run_until;
using testing::sysctls;
using testing::visible;

class RenewalTest : public testing::InWorld {
 protected:
  void SetUp() override {
    InWorld::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    const auto watched = world().watch_all_but_network();
    ASSERT_TRUE(watched) << watched.error().message;
  }

  // Killed processes may take their time to end where all processors are busy.
  void renew() {
    const auto by = std::chrono::steady_clock::now() + testing::kPatience;
    auto renewed = world().renew();
    while (!renewed && renewed.error().code == EBUSY && std::chrono::steady_clock::now() < by) {
      renewed = world().renew();
    }
    ASSERT_TRUE(renewed) << renewed.error().message;
  }
};

TEST_F(RenewalTest, IsRefusedByAWorldThatIsNotWatched) {
  auto other = World::create();
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->renewable());
  EXPECT_FALSE(other->renew());
}

TEST_F(RenewalTest, MakesTheNetworkAsItFirstWas) {
  auto fresh = World::create();
  ASSERT_TRUE(fresh);
  const auto before = visible(*fresh);
  const std::string expected = sysctls(*fresh);
  EXPECT_GT(expected.size(), 10'000U);
  for (const Endpoint& self : {kSelf4, kSelf6}) {
    ASSERT_TRUE(make_range_engine(world())->force(50000, Allocator::kConnect));
    ASSERT_TRUE(dial(world(), self)) << errno;  // leaves a TIME-WAIT
    ASSERT_TRUE(world().set_sysctl("net/ipv6/conf/lo/hop_limit", "3"));
    ASSERT_TRUE(world().add_local_address(*Address::parse("127.0.0.2")));
    ASSERT_NE(visible(world()), before);
    ASSERT_NO_FATAL_FAILURE(renew());
    EXPECT_EQ(visible(world()), before);
  }
  EXPECT_EQ(sysctls(world()), expected);
}

TEST_F(RenewalTest, CountsAnew) {
  EXPECT_FALSE(dial(world(), kSelf4));
  ASSERT_NO_FATAL_FAILURE(renew());
  auto counters = TcpCounterFile::open(world().init_pid());
  ASSERT_TRUE(counters);
  const auto read = counters->read();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->active_opens, 0U);
  EXPECT_EQ(read->in_segs, 0U);
}

TEST_F(RenewalTest, TakesTheFarNetworkAway) {
  const auto before = visible(world());
  for (int i = 0; i < 2; ++i) {
    const auto far = world().connect_far(Family::kIpv4);
    ASSERT_TRUE(far) << far.error().message;
    const auto listener = listen_in(world(), {far->far, 50000}, Network::kFar);
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_TRUE(dial(world(), {far->far, 50000}));
    ASSERT_NO_FATAL_FAILURE(renew());
    EXPECT_EQ(visible(world()), before);
  }
}

TEST_F(RenewalTest, LeavesTheCallersSocketsInTheOldNetwork) {
  const auto listener = listen_in(world(), kSelf4);
  ASSERT_TRUE(listener);
  ASSERT_TRUE(dial(world(), kSelf4));
  ASSERT_NO_FATAL_FAILURE(renew());
  EXPECT_FALSE(dial(world(), kSelf4));
  EXPECT_EQ(errno, ECONNREFUSED);
  EXPECT_TRUE(listen_in(world(), kSelf4));
}

TEST_F(RenewalTest, MakesExpectedSocketsInTheNewNetwork) {
  const SocketKind kind{AF_INET, SOCK_STREAM, 0};
  world().expect_sockets({&kind, 1});
  ASSERT_NO_FATAL_FAILURE(renew());
  const auto listener = listen_in(world(), kSelf4);
  ASSERT_TRUE(listener);
  EXPECT_TRUE(dial(world(), kSelf4));
}

TEST_F(RenewalTest, GivesPacketSocketsBack) {
  const SocketKind kind{AF_PACKET, SOCK_DGRAM, 0};
  world().expect_sockets({&kind, 1});
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(world().socket(AF_PACKET, SOCK_DGRAM, 0));
    ASSERT_TRUE(world().socket(AF_INET, SOCK_STREAM, 0));
    const auto old = world().renew();
    ASSERT_TRUE(old) << old.error().message;
    ASSERT_EQ(old->size(), 1U);
    int domain = 0;
    socklen_t size = sizeof(domain);
    ASSERT_EQ(getsockopt(old->front().get(), SOL_SOCKET, SO_DOMAIN, &domain, &size), 0);
    EXPECT_EQ(domain, AF_PACKET);
  }
}

TEST_F(RenewalTest, EndsEveryProcess) {
  // A daemon, and one that ignores all signals that can be.
  ASSERT_EQ(
      run_shell(world(), "setsid sleep 1000 & trap '' TERM HUP INT; setsid sh -c 'sleep 1000' &").ended.code,
      0);
  EXPECT_NE(visible(world())["processes"], "0");
  ASSERT_NO_FATAL_FAILURE(renew());
  EXPECT_EQ(visible(world())["processes"], "0");
}

TEST_F(RenewalTest, CountsProcessesAnew) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(run_shell(world(), "echo $$").out, "2\n");
    EXPECT_EQ(run_shell(world(), "echo $$").out, "3\n");
    ASSERT_NO_FATAL_FAILURE(renew());
  }
}

TEST_F(RenewalTest, RefusesWhileTheCallerHasNotReaped) {
  boost::asio::io_context context;
  auto target = Process::launch(context, world(), {.command = {"sleep", "1000"}}, [] {});
  ASSERT_TRUE(target);
  const auto renewed = world().renew();
  ASSERT_FALSE(renewed);
  EXPECT_EQ(renewed.error().code, EBUSY) << renewed.error().message;
  target->reset();
  EXPECT_TRUE(world().renew());
}

TEST_F(RenewalTest, ForcesTheFirstAttemptEachTime) {
  for (int i = 0; i < 100; ++i) {
    const auto engine = make_range_engine(world());
    ASSERT_TRUE(engine->force(50000, Allocator::kConnect));
    const auto probed = engine->probe(i % 2 == 0 ? kSelf4 : kSelf6, Allocator::kConnect);
    ASSERT_TRUE(probed && *probed) << i;
    ASSERT_TRUE(dial(world(), i % 2 == 0 ? kSelf4 : kSelf6)) << i;  // leaves a TIME-WAIT
    ASSERT_NO_FATAL_FAILURE(renew());
  }
}

// Each of them alone; all of them are for root only.
class LastingChangesTest : public RenewalTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(LastingChangesTest, AreSeen) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: others may change nothing";
  ASSERT_NO_FATAL_FAILURE(renew());
  const auto ran = run_shell(world(), GetParam());
  if (ran.ended.code != 0) GTEST_SKIP() << ran.err;
  const auto renewed = world().renew();
  ASSERT_FALSE(renewed) << GetParam();
  EXPECT_EQ(renewed.error().code, ESTALE) << renewed.error().message;
}

INSTANTIATE_TEST_SUITE_P(Renewal, LastingChangesTest,
                         ::testing::Values("mount -t tmpfs none /mnt", "umount -l /proc",
                                           "echo 1 > /proc/sys/vm/memfd_noexec"));

}  // namespace
}  // namespace selfconnect
