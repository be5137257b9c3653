// A world that was used is as it was, or is not used again.
// SPDX-License-Identifier: MIT
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "harness/launch/process.h"
#include "harness/peer/listener.h"
#include "harness/ports/engine.h"
#include "harness/trace/capture.h"
#include "harness/trace/proc_sampler.h"
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

class RecyclingTest : public testing::InWorld {
 protected:
  void SetUp() override {
    InWorld::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    const auto watched = world().watch();
    ASSERT_TRUE(watched) << watched.error().message;
  }

  // Until what waits for the kernel is gone.
  Result<void> cleaned() {
    const auto by = std::chrono::steady_clock::now() + testing::kPatience;
    while (true) {
      auto done = world().clean();
      if (done || done.error().code != EAGAIN || std::chrono::steady_clock::now() > by) return done;
      poll(nullptr, 0, 1);
    }
  }
};

TEST_F(RecyclingTest, FindsNothingWhereNothingWasDone) {
  const auto before = visible(world());
  const auto done = world().clean();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(visible(world()), before);
}

TEST_F(RecyclingTest, IsRefusedByAWorldThatIsNotWatched) {
  auto other = World::create();
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->clean());
}

TEST_F(RecyclingTest, RemovesTimeWaits) {
  for (const Endpoint& self : {kSelf4, kSelf6}) {
    ASSERT_TRUE(make_range_engine(world())->force(50000, Allocator::kConnect));
    const auto before = visible(world());
    ASSERT_TRUE(dial(world(), self)) << errno;  // closed at once, with FIN
    ASSERT_NE(visible(world()), before);
    const auto done = world().clean();
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(visible(world()), before);
  }
}

TEST_F(RecyclingTest, RemovesConnectionsWithoutOwner) {
  const auto before = visible(world());
  auto listener = listen_in(world(), kSelf4);
  ASSERT_TRUE(listener);
  UniqueFd client = dial(world(), kSelf4);
  ASSERT_TRUE(client);
  // FIN-WAIT-1 for good: nobody reads, and nobody closes before the client has.
  std::array<char, 65536> bytes{};
  while (send(client.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) continue;
  client.reset();
  EXPECT_NE(visible(world()), before);
  listener->reset();  // resets it
  ASSERT_TRUE(world().clean());
  EXPECT_EQ(visible(world()), before);
}

TEST_F(RecyclingTest, RemovesWhatAKilledTargetHeld) {
  ASSERT_TRUE(run_shell(world(), "exit 0").ended.code == 0);
  ASSERT_TRUE(world().clean());
  const auto before = visible(world());
  boost::asio::io_context context;
  // A listener, a connection to it, one in SYN-SENT, raw, UDP, packet, abstract unix and bound-only sockets; a daemon holds
  // them too.
  static constexpr char kTarget[] =
      "import socket as s, os, time\n"
      "l = s.socket(); l.bind(('127.0.0.1', 6000)); l.listen(0)\n"
      "c = s.create_connection(('127.0.0.1', 6000))\n"
      "n = s.socket(); n.setblocking(False); n.connect_ex(('127.0.0.1', 6000))\n"
      "b = s.socket(); b.bind(('127.0.0.1', 6001))\n"
      "u = s.socket(s.AF_INET6, s.SOCK_DGRAM); u.bind(('::', 6002))\n"
      "x = s.socket(s.AF_UNIX); x.bind('\\0left'); x.listen()\n"
      "r = s.socket(s.AF_NETLINK, s.SOCK_RAW, 0)\n"
      "if os.geteuid() == 0:\n"
      "  w = s.socket(s.AF_INET, s.SOCK_RAW, 1); p = s.socket(s.AF_PACKET, s.SOCK_DGRAM, 0)\n"
      "if os.fork() == 0:\n"
      "  os.setsid()\n"
      "  if os.fork(): os._exit(0)\n"
      "  os.open('/dev/null', 0)\n"
      "print('up', flush=True)\n"
      "time.sleep(1000)\n";
  for (int i = 0; i < 3; ++i) {
    auto target = Process::launch(context, world(), {.command = {"python3", "-c", kTarget}}, [] {});
    ASSERT_TRUE(target) << target.error().message;
    ASSERT_TRUE(run_until(context, [&] { return (*target)->out().total() >= 6; })) << (*target)->err().head();
    ASSERT_NE(visible(world()), before);
    target->reset();  // killed and reaped; the daemon lives on
    const auto done = cleaned();
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(visible(world()), before);
  }
}

TEST_F(RecyclingTest, SetsSysctlsBackAndCountsProcessesAnew) {
  auto fresh = World::create();
  ASSERT_TRUE(fresh);
  ASSERT_TRUE(fresh->watch());
  for (const char* value : {"8080,9000-9010", "1-65535"}) {
    ASSERT_TRUE(make_range_engine(world())->force(50000, Allocator::kConnect));
    ASSERT_TRUE(world().set_sysctl("net/ipv4/ip_local_reserved_ports", value));
    ASSERT_TRUE(world().set_sysctl("net/ipv6/conf/lo/hop_limit", "3"));
    EXPECT_NE(run_shell(world(), "echo $$").out, "");
    const auto done = cleaned();
    ASSERT_TRUE(done) << done.error().message;
  }
  const std::string expected = sysctls(*fresh);
  EXPECT_GT(expected.size(), 10'000U);
  EXPECT_EQ(sysctls(world()), expected);
  ASSERT_TRUE(cleaned());
  EXPECT_EQ(run_shell(world(), "echo $$").out, "2\n");
}

// For root only.
class SharedSysctlTest : public RecyclingTest {};

constexpr std::string_view kHopLimit = "net/ipv6/conf/lo/hop_limit";

TEST_F(SharedSysctlTest, IsSeenWhenATargetWroteItBeforeUs) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: others may change nothing";
  ASSERT_EQ(run_shell(world(), "echo 7 > /proc/sys/net/ipv6/conf/lo/hop_limit").ended.code, 0);
  ASSERT_TRUE(world().set_sysctl(kHopLimit, "3"));
  const auto done = cleaned();
  ASSERT_FALSE(done) << "what it was at first is not known";
  EXPECT_EQ(done.error().code, ESTALE) << done.error().message;
}

TEST_F(SharedSysctlTest, IsSetBackWhenATargetWroteItAfterUs) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: others may change nothing";
  const std::string before = run_shell(world(), "cat /proc/sys/net/ipv6/conf/lo/hop_limit").out;
  ASSERT_TRUE(world().set_sysctl(kHopLimit, "3"));
  ASSERT_EQ(run_shell(world(), "echo 7 > /proc/sys/net/ipv6/conf/lo/hop_limit").ended.code, 0);
  const auto done = cleaned();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(run_shell(world(), "cat /proc/sys/net/ipv6/conf/lo/hop_limit").out, before);
}

TEST_F(RecyclingTest, ForgetsWhatTcpHasLearned) {
  ASSERT_TRUE(make_range_engine(world())->force(50000, Allocator::kConnect));
  ASSERT_TRUE(dial(world(), kSelf4));
  if (geteuid() == 0) {
    ASSERT_NE(run_shell(world(), "ip tcp_metrics show").out, "");
  }
  ASSERT_TRUE(cleaned());
  EXPECT_EQ(run_shell(world(), "ip tcp_metrics show").out, "");
}

TEST_F(RecyclingTest, RefusesAnAddedAddress) {
  ASSERT_TRUE(world().add_local_address(*Address::parse("127.0.0.2")));
  const auto done = world().clean();
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().code, EAGAIN);
  EXPECT_NE(done.error().message.find("address"), std::string::npos) << done.error().message;
  EXPECT_FALSE(world().clean()) << "it is forgotten by the second call";
}

TEST_F(RecyclingTest, RefusesAFarNetwork) {
  ASSERT_TRUE(world().connect_far(Family::kIpv4));
  EXPECT_FALSE(cleaned());
}

// `nft add table ip t`, without nft: NFT_MSG_NEWTABLE in a batch (linux/netfilter/nf_tables.h).
constexpr char kAddTable[] =
    "python3 -c \"import socket, struct\n"
    "def message(kind, flags, family, resource, rest=b''):\n"
    "  head = struct.pack('=IHHII', 20 + len(rest), kind, flags, 1, 0)\n"
    "  return head + struct.pack('>BBH', family, 0, resource) + rest\n"
    "s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)\n"
    "name = struct.pack('=HH', 6, 1) + b't' + bytes(3)\n"
    "s.send(message(16, 1, 0, 10) + message(2560, 0x405, 2, 0, name) + message(17, 1, 0, 10))\n"
    "assert struct.unpack_from('=i', s.recv(100), 16)[0] == 0\"";

// Each of them alone; all of them are for root only.
class OthersChangesTest : public RecyclingTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(OthersChangesTest, AreSeen) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: others may change nothing";
  ASSERT_TRUE(cleaned());
  const auto ran = run_shell(world(), GetParam());
  if (ran.ended.code != 0) GTEST_SKIP() << ran.err;
  const auto done = cleaned();
  ASSERT_FALSE(done) << GetParam();
  EXPECT_NE(done.error().code, EAGAIN) << done.error().message;
}

INSTANTIATE_TEST_SUITE_P(Recycling, OthersChangesTest,
                         ::testing::Values("ip address add 10.9.8.7/32 dev lo",
                                           "ip address del ::1/128 dev lo", "ip link add type veth",
                                           "ip link set lo mtu 1500", "ip route add blackhole 10.0.0.0/8",
                                           "ip rule add pref 9 table 9", "tc qdisc add dev lo root pfifo",
                                           kAddTable, "echo 0 > /proc/sys/net/ipv4/tcp_timestamps",
                                           "echo 7 > /proc/sys/net/ipv6/conf/lo/hop_limit",
                                           "echo 50000 50001 > /proc/sys/net/ipv4/ip_local_port_range",
                                           "mount -t tmpfs none /mnt", "umount -l /proc"));

TEST_F(RecyclingTest, RefusesWhileTheCallerHoldsASocket) {
  auto listener = listen_in(world(), kSelf4);
  ASSERT_TRUE(listener);
  const auto done = world().clean();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, EAGAIN) << done.error().message;
  listener->reset();
  EXPECT_TRUE(cleaned());
}

TEST_F(RecyclingTest, RefusesWhileTheCallerHasNotReaped) {
  boost::asio::io_context context;
  auto target = Process::launch(context, world(), {.command = {"sleep", "1000"}}, [] {});
  ASSERT_TRUE(target);
  const auto done = world().clean();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, EBUSY) << done.error().message;
  target->reset();
  EXPECT_TRUE(cleaned());
}

TEST_F(RecyclingTest, EndsAForkBomb) {
  // 255 of them, for the machine has others too.
  static constexpr char kForks[] =
      "f() { [ $1 = 0 ] || { f $(($1 - 1)) & f $(($1 - 1)) & }; sleep 1000; }; f 7";
  boost::asio::io_context context;
  auto target = Process::launch(context, world(), {.command = {"sh", "-c", kForks}}, [] {});
  ASSERT_TRUE(target);
  ASSERT_TRUE(
      run_until(context, [&] { return processes_under((*target)->pid(), RootIs::kTarget).size() > 50; }));
  target->reset();
  const auto by = std::chrono::steady_clock::now() + testing::kPatience;
  while (!world().clean() && std::chrono::steady_clock::now() < by) continue;
  EXPECT_TRUE(world().clean());
  EXPECT_EQ(visible(world())["processes"], "0");
}

// A closed packet socket takes the kernel 15 ms, a netlink socket's memory goes as late.
TEST_F(RecyclingTest, GivesPacketAndNetlinkSocketsOutAgain) {
  const auto inode = [](const UniqueFd& fd) {
    struct stat info{};
    return fstat(fd.get(), &info) == 0 ? info.st_ino : 0;
  };
  const Endpoint nobody{kSelf4.address, 1};  // nor is it a source port
  ino_t packet = 0, diag = 0;
  for (int i = 0; i < 3; ++i) {
    auto capture = world().socket(AF_PACKET, SOCK_DGRAM, 0);
    auto netlink = world().socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
    ASSERT_TRUE(capture && netlink);
    if (i > 0) {
      EXPECT_EQ(inode(*capture), packet);
      EXPECT_EQ(inode(*netlink), diag);
    }
    packet = inode(*capture);
    diag = inode(*netlink);
    auto opened = Capture::open(std::move(*capture), std::chrono::steady_clock::now());
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_FALSE(dial(world(), nobody));
    const auto packets = opened->drain(100, [](const CapturedPacket&) {});
    ASSERT_TRUE(packets);
    EXPECT_EQ(*packets, 2U) << "SYN and RST of this run";
    EXPECT_FALSE(dial(world(), nobody));  // nobody reads these
    opened = std::unexpected(Error{});
    netlink->reset();
    const auto done = world().clean();
    ASSERT_TRUE(done) << done.error().message;
  }
}

TEST_F(RecyclingTest, ForcesTheFirstAttemptAThousandTimes) {
  const auto engine = make_range_engine(world());
  const auto before = visible(world());
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(engine->force(50000, Allocator::kConnect));
    UniqueFd client = dial(world(), i % 2 == 0 ? kSelf4 : kSelf6);
    ASSERT_TRUE(client) << i << ": " << errno;
    sockaddr_storage own{}, peer{};
    socklen_t own_length = sizeof(own), peer_length = sizeof(peer);
    ASSERT_EQ(getsockname(client.get(), reinterpret_cast<sockaddr*>(&own), &own_length), 0);
    ASSERT_EQ(getpeername(client.get(), reinterpret_cast<sockaddr*>(&peer), &peer_length), 0);
    ASSERT_EQ(Endpoint::from_sockaddr(own), Endpoint::from_sockaddr(peer)) << i;
    client.reset();
    const auto done = world().clean();
    ASSERT_TRUE(done) << i << ": " << done.error().message;
  }
  EXPECT_EQ(visible(world()), before);
}

}  // namespace
}  // namespace selfconnect
