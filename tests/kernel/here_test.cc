// World::here(): no namespace, no capability, and the calls denied that a container's default seccomp profile denies.
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "fresh_net.h"
#include "harness/ports/notify_engine.h"
#include "in_world.h"

namespace selfconnect {
namespace {

using ::testing::HasSubstr;
using testing::in_child;
using testing::in_fresh_net;

std::string target(const std::string& name) { return std::string(SELFCONNECT_TARGETS) + "/" + name; }

void drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2]{};
  ASSERT_EQ(syscall(SYS_capset, &header, none), 0);
}

// For good, for this process and all that come of it.
void deny_as_containers_do() {
  ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  for (const int call :
       {SCMP_SYS(pidfd_getfd), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(mount), SCMP_SYS(bpf)}) {
    ASSERT_EQ(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0), 0);
  }
  for (const std::uint64_t flag : {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER,
                                   CLONE_NEWPID, CLONE_NEWNET}) {
    ASSERT_EQ(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                               scmp_arg_cmp{0, SCMP_CMP_MASKED_EQ, flag, flag}),
              0);
  }
  // Its flags are in memory; libc goes on with clone().
  ASSERT_EQ(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), 0);
  ASSERT_EQ(seccomp_load(filter), 0);
  seccomp_release(filter);
}

testing::Launched run(const World& world, const NotifyEngine& engine, const std::string& destination) {
  return testing::run_to_end(
      world, {.command = {target("static"), destination, "50000"}, .confinement = engine.confinement()});
}

TEST(HereTest, ForcesThePortUnderAContainersProfileWithoutAnyCapability) {
  in_fresh_net([] {
    drop_capabilities();
    deny_as_containers_do();
    EXPECT_FALSE(World::create());
    auto world = World::here();
    ASSERT_TRUE(world) << world.error().message;
    EXPECT_EQ(isolation_name(world->isolation()), "none");
    const auto access = notify_works();
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(*access, SocketAccess::kMake);
    auto engine = make_notify_engine(*world);
    ASSERT_TRUE(engine) << engine.error().message;
    ASSERT_TRUE((*engine)->force(50'000, Allocator::kConnect));
    for (const char* address : {"127.0.0.1", "::1"}) {
      EXPECT_THAT(run(*world, **engine, address).err, HasSubstr("connected to itself")) << address;
    }
    ASSERT_TRUE((*engine)->release({50'000}));
    EXPECT_THAT(run(*world, **engine, "127.0.0.1").err, HasSubstr("Connection refused"));
  });
}

TEST(HereTest, ForcesThePortWithoutAnyCapability) {
  in_fresh_net([] {
    drop_capabilities();
    const auto access = notify_works();
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(*access, SocketAccess::kTake);
    auto world = World::here();
    ASSERT_TRUE(world) << world.error().message;
    auto engine = make_notify_engine(*world);
    ASSERT_TRUE(engine) << engine.error().message;
    ASSERT_TRUE((*engine)->force(50'000, Allocator::kConnect));
    EXPECT_THAT(run(*world, **engine, "127.0.0.1").err, HasSubstr("connected to itself"));
  });
}

TEST(HereTest, ChangesNothing) {
  in_fresh_net([] {
    auto world = World::here();
    ASSERT_TRUE(world) << world.error().message;
    const auto refused = world->set_sysctl("net/ipv4/ip_local_port_range", "50000 50001");
    ASSERT_FALSE(refused);
    EXPECT_EQ(
        refused.error().message,
        "to '50000 50001': set net/ipv4/ip_local_port_range: not in a network that is the machine's own");
    EXPECT_FALSE(world->add_local_address(*Address::parse("10.1.2.3")));
    EXPECT_FALSE(world->connect_far(Family::kIpv4));
    EXPECT_FALSE(world->net_ns(Network::kNear));
    EXPECT_FALSE(world->socket(AF_INET, SOCK_STREAM, 0, Network::kFar));
    EXPECT_TRUE(world->socket(AF_INET, SOCK_STREAM, 0));
  });
}

// A daemon, and a process that ignores the end of its parent; both write their pids.
TEST(HereTest, EndsWhatTheTargetLeavesBehindAndNothingElse) {
  const int code = in_child([] {
    const pid_t own = fork();
    if (own == 0) {
      while (true) pause();
    }
    auto world = World::here();
    if (!world) return 2;
    const auto launched = testing::run_shell(
        *world, "sleep 1000 >&- 2>&- & echo $!; setsid sh -c 'sleep 1000 >&- 2>&- & echo $!'; true");
    std::istringstream pids(launched.out);
    std::vector<UniqueFd> left;
    for (pid_t pid = 0; pids >> pid;) left.push_back(testing::pidfd_of(pid));
    if (left.size() != 2) return 3;
    world = std::unexpected(error("ended"));
    if (!std::ranges::all_of(left, testing::ends)) return 4;
    if (waitpid(own, nullptr, WNOHANG) != 0) return 5;
    kill(own, SIGKILL);
    waitpid(own, nullptr, 0);
    return testing::has_children() ? 6 : 0;
  });
  EXPECT_EQ(code, 0);
}

TEST(HereTest, EndsTheTargetWithAHarnessThatIsKilled) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const UniqueFd in(ends[0]);
  const UniqueFd out(ends[1]);
  const pid_t harness = fork();
  if (harness == 0) {
    auto world = World::here();
    boost::asio::io_context context;
    auto process = Process::launch(context, *world, {.command = {"sleep", "1000"}}, [] {});
    const pid_t pid = process ? (*process)->pid() : -1;
    if (write(out.get(), &pid, sizeof pid) != sizeof pid) _exit(1);
    while (true) pause();
  }
  pid_t pid = -1;
  ASSERT_EQ(read(in.get(), &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  ASSERT_GT(pid, 0);
  const UniqueFd pidfd = testing::pidfd_of(pid);
  kill(harness, SIGKILL);
  waitpid(harness, nullptr, 0);
  EXPECT_TRUE(testing::ends(pidfd));
}

class ReachTest : public testing::InWorld {};

// Every address is local in a world, so that only the supervisor can refuse one.
TEST_F(ReachTest, KeepsTcpOnLoopbackWhereTheNetworkIsNotItsOwn) {
  using Reach = NotifySupervisor::Reach;
  for (const auto& [reach, outcome] : {std::pair{Reach::kLoopbackOnly, "Network is unreachable"},
                                       {Reach::kAnywhere, "Connection refused"}}) {
    auto engine = NotifyEngine::create(SocketAccess::kTake, reach, &world());
    ASSERT_TRUE(engine) << engine.error().message;
    EXPECT_THAT(run(world(), **engine, "10.1.2.3").err, HasSubstr(outcome));
    EXPECT_THAT(run(world(), **engine, "127.1.2.3").err, HasSubstr("Connection refused"));
  }
}

}  // namespace
}  // namespace selfconnect
