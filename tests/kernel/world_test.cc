// A world: what is in it, what is kept out of it, and that nothing is left of it.
// SPDX-License-Identifier: MIT
#include "harness/world/world.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "harness/peer/listener.h"
#include "harness/ports/engine.h"
#include "harness/trace/proc_sampler.h"
#include "in_world.h"

namespace selfconnect {
namespace {

using testing::ends;
using testing::has_children;
using testing::pidfd_of;
using testing::run_shell;

class WorldTest : public testing::InWorld {};

// 0, or the errno of socket, bind or connect. `from`: the source, when given.
int dial(const World& world, const Endpoint& to, const std::optional<Endpoint>& from = std::nullopt) {
  auto socket = world.socket(to.address.family() == Family::kIpv4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
  if (!socket) return socket.error().code;
  sockaddr_storage storage{};
  if (from) {
    const socklen_t length = from->to_sockaddr(storage);
    if (bind(socket->get(), reinterpret_cast<sockaddr*>(&storage), length) != 0) return errno;
  }
  const socklen_t length = to.to_sockaddr(storage);
  return connect(socket->get(), reinterpret_cast<sockaddr*>(&storage), length) == 0 ? 0 : errno;
}

Endpoint at(std::string_view address, std::uint16_t port) { return {*Address::parse(address), port}; }

std::string host_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

ino_t inode(int fd) {
  struct stat info{};
  return fstat(fd, &info) == 0 ? info.st_ino : 0;
}

TEST_F(WorldTest, HasLoUpForBothFamilies) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    EXPECT_EQ(dial(world(), at(address, 5000)), ECONNREFUSED) << address;
    auto listener = listen_in(world(), at(address, 5000));
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_EQ(dial(world(), at(address, 5000)), 0) << address;
  }
}

TEST_F(WorldTest, HoldsEveryAddress) {
  auto v4 = listen_in(world(), at("0.0.0.0", 5000));
  auto v6 = listen_in(world(), at("::", 5001));
  ASSERT_TRUE(v4 && v6);
  for (const char* address : {"10.1.2.3", "8.8.8.8", "127.0.0.2"}) {
    EXPECT_EQ(dial(world(), at(address, 5000)), 0) << address;
    EXPECT_EQ(dial(world(), at(address, 4999)), ECONNREFUSED) << address;
  }
  for (const char* address : {"2001:db8::1", "fd00::7"}) {
    EXPECT_EQ(dial(world(), at(address, 5001)), 0) << address;
    EXPECT_EQ(dial(world(), at(address, 4999)), ECONNREFUSED) << address;
  }
}

TEST_F(WorldTest, LetsAnybodyBindToPort80) {
  EXPECT_TRUE(listen_in(world(), at("127.0.0.1", 80)));
  EXPECT_EQ(run_shell(world(), "cat /proc/sys/net/ipv4/ip_unprivileged_port_start").out, "0\n");
}

TEST_F(WorldTest, GivesSocketsThatLiveInIt) {
  auto socket = world().socket(AF_INET, SOCK_STREAM, 0);
  auto near = world().net_ns(Network::kNear);
  ASSERT_TRUE(socket && near);
  const UniqueFd lives_in(ioctl(socket->get(), SIOCGSKNS));
  ASSERT_TRUE(lives_in) << errno;
  EXPECT_EQ(inode(lives_in.get()), inode(near->get()));
  const UniqueFd host(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  EXPECT_NE(inode(lives_in.get()), inode(host.get()));
  EXPECT_NE(fcntl(socket->get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(WorldTest, WritesSysctlsOfItsOwnOnly) {
  const std::string range = "/proc/sys/net/ipv4/ip_local_port_range";
  const std::string reserved = "/proc/sys/net/ipv4/ip_local_reserved_ports";
  const auto before = std::pair(host_file(range), host_file(reserved));
  ASSERT_TRUE(world().set_sysctl("net/ipv4/ip_local_port_range", "40000 40063"));
  ASSERT_TRUE(world().set_sysctl("net/ipv4/ip_local_reserved_ports", "40002,40004\n"));
  EXPECT_EQ(run_shell(world(), "cat " + range + " " + reserved).out, "40000\t40063\n40002,40004\n");
  EXPECT_EQ(std::pair(host_file(range), host_file(reserved)), before);
}

TEST_F(WorldTest, SaysWhichSysctlItCannotWrite) {
  const auto unknown = world().set_sysctl("net/ipv4/no_such_thing", "1");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ENOENT);
  EXPECT_NE(unknown.error().message.find("net/ipv4/no_such_thing"), std::string::npos);
  EXPECT_FALSE(world().set_sysctl("net/ipv4/ip_local_port_range", std::string(5000, '1')));
  EXPECT_TRUE(world().set_sysctl("net/ipv4/ip_local_port_range", "40000 40063")) << "it serves on";
}

TEST_F(WorldTest, ReachesItsFarEndFromTheSamePort) {
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    auto world = World::create();
    ASSERT_TRUE(world);
    const auto addresses = world->connect_far(family);
    ASSERT_TRUE(addresses) << addresses.error().message;
    auto far = listen_in(*world, {addresses->far, 5000}, Network::kFar);
    ASSERT_TRUE(far) << far.error().message;
    EXPECT_EQ(dial(*world, {addresses->far, 5000}, Endpoint{addresses->near, 5000}), 0);
    EXPECT_EQ(dial(*world, {addresses->far, 5001}), ECONNREFUSED);
  }
}

TEST_F(WorldTest, KeepsNetworksApart) {
  auto other = World::create();
  ASSERT_TRUE(other);
  auto here = listen_in(world(), at("127.0.0.1", 5000));
  ASSERT_TRUE(here);
  EXPECT_EQ(dial(*other, at("127.0.0.1", 5000)), ECONNREFUSED);
  EXPECT_TRUE(listen_in(*other, at("127.0.0.1", 5000)));
}

TEST_F(WorldTest, HoldsNoDescriptorOfTheHarness) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_NONBLOCK), 0);  // inherited by whoever does not close it
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  auto other = World::create();
  ASSERT_TRUE(other);
  writer.reset();
  char byte = 0;
  EXPECT_EQ(read(reader.get(), &byte, 1), 0) << "somebody holds the other end: " << errno;
}

// The processes of a world, of which one has left its parent and session.
std::vector<UniqueFd> start_family(boost::asio::io_context& context, const World& world,
                                   std::unique_ptr<Process>& process) {
  auto launched = Process::launch(
      context, world, {.command = {"sh", "-c", "(setsid sleep 1000 &) ; sleep 1000 & echo up; wait"}}, [] {});
  if (!launched) return {};
  process = std::move(*launched);
  std::vector<UniqueFd> pidfds;
  const bool up = testing::run_until(context, [&] {
    return process->out().total() > 0 && !processes_under(world.init_pid(), RootIs::kParent).empty();
  });
  if (!up) return {};
  pidfds.push_back(pidfd_of(world.init_pid()));
  for (const pid_t pid : processes_under(process->pid(), RootIs::kTarget)) pidfds.push_back(pidfd_of(pid));
  for (const pid_t pid : processes_under(world.init_pid(), RootIs::kParent)) pidfds.push_back(pidfd_of(pid));
  return pidfds;
}

std::size_t open_descriptors(pid_t pid) {
  const std::filesystem::directory_iterator entries("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(entries, {}));
}

// Else what the harness closes would stay open for a moment, and its port taken.
TEST_F(WorldTest, InitHasClosedItsCopyOfASocketBeforeItIsThere) {
  // On one core, where init is likely to be interrupted between two calls.
  cpu_set_t all{}, one{};
  ASSERT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
  CPU_SET(sched_getcpu(), &one);
  for (const pid_t pid : {0, world().init_pid()}) ASSERT_EQ(sched_setaffinity(pid, sizeof(one), &one), 0);
  const std::size_t before = open_descriptors(world().init_pid());
  int kept = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto socket = world().socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_TRUE(socket) << socket.error().message;
    if (open_descriptors(world().init_pid()) != before) ++kept;
  }
  EXPECT_EQ(kept, 0);
  sched_setaffinity(0, sizeof(all), &all);
}

TEST_F(WorldTest, EndsWithEveryProcessInIt) {
  boost::asio::io_context context;
  std::unique_ptr<Process> process;
  const auto pidfds = start_family(context, world(), process);
  ASSERT_EQ(pidfds.size(), 4U);  // init, the shell, its child, the one that left
  process.reset();
  end_world();
  for (const UniqueFd& pidfd : pidfds) EXPECT_TRUE(ends(pidfd));
  EXPECT_FALSE(has_children());
}

TEST_F(WorldTest, EndsWithAHarnessThatIsKilled) {
  std::array<int, 2> ends_of_pipe{};
  ASSERT_EQ(pipe2(ends_of_pipe.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends_of_pipe[0]);
  UniqueFd writer(ends_of_pipe[1]);
  const pid_t harness = fork();
  if (harness == 0) {
    auto world = World::create();
    boost::asio::io_context context;
    std::unique_ptr<Process> process;
    if (!world || start_family(context, *world, process).empty()) _exit(1);
    std::vector<pid_t> pids = processes_under(world->init_pid(), RootIs::kParent);
    for (const pid_t pid : processes_under(process->pid(), RootIs::kTarget)) pids.push_back(pid);
    pids.push_back(world->init_pid());
    (void)!write(writer.get(), pids.data(), pids.size() * sizeof(pid_t));
    while (true) pause();
  }
  writer.reset();
  std::array<pid_t, 16> pids{};
  const ssize_t size = read(reader.get(), pids.data(), sizeof(pids));
  ASSERT_EQ(size, static_cast<ssize_t>(4 * sizeof(pid_t)));
  std::vector<UniqueFd> pidfds;
  for (int i = 0; i < 4; ++i) {
    pidfds.push_back(pidfd_of(pids.at(i)));
    EXPECT_TRUE(pidfds.back());
  }
  kill(harness, SIGKILL);
  waitpid(harness, nullptr, 0);
  for (const UniqueFd& pidfd : pidfds) EXPECT_TRUE(ends(pidfd));
}

TEST_F(WorldTest, TakesNoHarmOfSignals) {
  end_world();
  const testing::Interruptions interruptions;
  for (int i = 0; i < 20; ++i) {
    auto world = World::create();
    ASSERT_TRUE(world) << world.error().message;
    ASSERT_TRUE(make_range_engine(*world)->force(5000, Allocator::kConnect));
    const auto probed = probe_self_connect(*world, at("127.0.0.1", 5000), Allocator::kConnect);
    ASSERT_TRUE(probed) << probed.error().message;
    EXPECT_TRUE(*probed);
  }
  EXPECT_FALSE(has_children());
}

TEST_F(WorldTest, EndsWhenAnotherTakesItsPlace) {
  auto other = World::create();
  ASSERT_TRUE(other);
  const UniqueFd init = pidfd_of(world().init_pid());
  world() = std::move(*other);
  EXPECT_TRUE(ends(init));
  EXPECT_EQ(dial(world(), at("127.0.0.1", 5000)), ECONNREFUSED);
}

// The same for somebody who may do nothing: setuid alone would leave a process that cannot be looked at.
TEST(OrdinaryUserTest, PassesTheSameTests) {
  if (geteuid() != 0) return;  // as all of this run
  const int code = testing::in_child([] {
    constexpr id_t kNobody = 65534;
    if (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
        setresuid(kNobody, kNobody, kNobody) != 0 || chdir("/") != 0) {
      return 101;
    }
    execl("/proc/self/exe", "selfconnect_kernel_tests", "--gtest_brief=1",
          "--gtest_filter=WorldTest.*:ProcessTest.*:RecorderTest.*:PeerTest.*:RecyclingTest.*:RenewalTest.*:"
          "WorldPoolTest.*",
          nullptr);
    return 102;
  });
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace selfconnect
