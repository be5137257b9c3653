// The engine `hook`: which port its clients get, and that nobody else notices.
// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <liburing.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <random>
#include <thread>

#include "harness/ports/hook_engine.h"
#include "harness/ports/port_sequence.h"
#include "harness/ports/world_ports.h"
#include "tests/kernel/hook_clients.h"

namespace selfconnect {
namespace {

using testing::as_target;
using testing::dial_once;
using testing::dial_with;
using testing::Dialled;
using testing::Shared;
using testing::tcp_socket;

constexpr std::uint16_t kPort = 50000;
const Endpoint kV4{Address::loopback(Family::kIpv4), kPort};
const Endpoint kV6{Address::loopback(Family::kIpv6), kPort};

class HookTest : public testing::InWorld {
 protected:
  void SetUp() override {
    InWorld::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto made = make_hook_engine(world());
    SELFCONNECT_NEEDS("bpf", made ? "" : made.error().message);
    engine_ = std::move(*made);
  }
  void TearDown() override { engine_.reset(); }

  [[nodiscard]] HookEngine& engine() { return *engine_; }

  Result<void> apply(const Policy& policy, const std::set<std::uint16_t>& never,
                     const Endpoint& destination) {
    const PolicyScope scope{.open = open_layout(never), .never = never, .destination = destination};
    if (auto set = set_port_layout(world(), scope.open); !set) return set;
    return engine().follow(policy, scope);
  }

  // Runs `body` as a client; fails the test unless it returns 0.
  void as_client(const std::function<int()>& body) { EXPECT_EQ(as_target(engine(), world(), body), 0); }

  Dialled dial(const Endpoint& destination) {
    Shared<Dialled> dialled;
    as_client([&] {
      *dialled = dial_once(destination);
      return 0;
    });
    return *dialled;
  }

  // A socket bound in the world by nobody of the cgroup.
  UniqueFd occupy(std::uint16_t port, const Address& address = kV4.address) {
    auto fd = world().socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_storage to{};
    const socklen_t length = Endpoint{address, port}.to_sockaddr(to);
    EXPECT_EQ(bind(fd->get(), reinterpret_cast<sockaddr*>(&to), length), 0);
    return std::move(*fd);
  }

 private:
  std::unique_ptr<HookEngine> engine_;
};

struct Case {
  std::string address;
  std::uint16_t port;
  Allocator allocator = Allocator::kConnect;
};

class HookForcingTest : public HookTest, public ::testing::WithParamInterface<Case> {};

TEST_P(HookForcingTest, SelfConnectsAtTheFirstAttempt) {
  const Endpoint destination{*Address::parse(GetParam().address), GetParam().port};
  if (destination.address != Address::loopback(destination.address.family())) {
    ASSERT_TRUE(world().add_local_address(destination.address));
  }
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(engine().force(destination.port, GetParam().allocator));
    const auto forced = engine().probe(destination, GetParam().allocator);
    ASSERT_TRUE(forced) << forced.error().message;
    EXPECT_TRUE(*forced);
    ASSERT_TRUE(engine().release({destination.port}));
    const auto released = engine().probe(destination, GetParam().allocator);
    ASSERT_TRUE(released) << released.error().message;
    EXPECT_FALSE(*released);
  }
}

INSTANTIATE_TEST_SUITE_P(Ports, HookForcingTest,
                         ::testing::Values(Case{"127.0.0.1", 50000}, Case{"127.0.0.1", 50001},
                                           Case{"127.0.0.1", 1}, Case{"127.0.0.1", 80},
                                           Case{"127.0.0.1", 65535}, Case{"::1", 50000}, Case{"::1", 65535},
                                           Case{"127.0.0.1", 50000, Allocator::kBind},
                                           Case{"127.0.0.1", 50001, Allocator::kBind},
                                           Case{"::1", 6379, Allocator::kBind}, Case{"10.1.2.3", 5432},
                                           Case{"127.0.0.2", 5432}, Case{"2001:db8::7", 5432}));

TEST_F(HookTest, ForcesTheDestinationsOwnPortAsAPolicy) {
  ASSERT_TRUE(apply(Policy::force(), {}, kV4));
  for (const std::uint16_t port : {50000, 40001, 7}) {
    EXPECT_TRUE(dial({kV4.address, port}).self_connected) << port;
    EXPECT_TRUE(dial({kV6.address, port}).self_connected) << port;
  }
}

TEST_F(HookTest, LeavesTheChoiceToTheKernelWhileTheForcedPortIsTaken) {
  const UniqueFd occupied = occupy(kPort);
  ASSERT_TRUE(engine().force(kPort, Allocator::kConnect));
  const Dialled dialled = dial(kV4);
  EXPECT_EQ(dialled.error, ECONNREFUSED);
  EXPECT_NE(dialled.port, kPort);
  const auto events = engine().take_events().events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].error, EADDRINUSE);
  EXPECT_EQ(events[0].port, 0);
}

TEST_F(HookTest, SelfConnectsThroughAnIpv4MappedAddress) {
  ASSERT_TRUE(engine().force(kPort, Allocator::kConnect));
  as_client([] {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(kPort);
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr);
    const UniqueFd fd = tcp_socket(AF_INET6);
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) return 1;
    sockaddr_in6 local{};
    socklen_t size = sizeof(local);
    getsockname(fd.get(), reinterpret_cast<sockaddr*>(&local), &size);
    return ntohs(local.sin6_port) == kPort ? 0 : 2;
  });
  EXPECT_EQ(engine().attempts(kV4), 1U);
  EXPECT_EQ(engine().take_events().events.at(0).destination, kV4);
}

TEST_F(HookTest, CountsAttemptsPerDestinationAndTellsOfEach) {
  const Endpoint other{kV4.address, 40000};
  ASSERT_TRUE(apply(Policy::sequential(45001, 45010), {}, kV4));
  as_client([&] {
    dial_once(kV4);
    dial_once(other);
    dial_once(kV4);
    dial_once(kV6);
    return 0;
  });
  EXPECT_EQ(engine().attempts(kV4), 2U);
  EXPECT_EQ(engine().attempts(other), 1U);
  EXPECT_EQ(engine().attempts(kV6), 1U);
  const HookEvents told = engine().take_events();
  ASSERT_EQ(told.events.size(), 4U);
  EXPECT_EQ(told.lost, 0U);
  EXPECT_EQ(told.events[1].destination, other);
  EXPECT_EQ(told.events[3].destination, kV6);
  EXPECT_TRUE(std::ranges::is_sorted(told.events, {}, &HookEvent::at));
  for (std::size_t i = 0; i < told.events.size(); ++i) {
    EXPECT_EQ(told.events[i].port, 45001 + i);
    EXPECT_EQ(told.events[i].turn, std::optional<std::uint64_t>(i));
    EXPECT_EQ(told.events[i].error, 0);
  }
  EXPECT_TRUE(engine().take_events().events.empty());
}

// One walk: dials until it is connected to itself; the number of attempts.
int walk(const Endpoint& destination, int most) {
  for (int attempt = 1; attempt <= most; ++attempt) {
    if (dial_once(destination).self_connected) return attempt;
  }
  return 0;
}

int walks() {
  const char* asked = std::getenv("SELFCONNECT_WALKS");
  return asked == nullptr ? 1000 : std::atoi(asked);
}

TEST_F(HookTest, WalksHitAtTheStatedAttempt) {
  std::mt19937 random(7);
  for (int i = 0; i < walks(); ++i) {
    const int stated = static_cast<int>(random() % 20) + 1;
    const Endpoint destination{i % 2 == 0 ? kV4.address : kV6.address,
                               static_cast<std::uint16_t>(1024 + random() % 60000)};
    const auto first = static_cast<std::uint16_t>(destination.port - stated + 1);
    ASSERT_TRUE(apply(Policy::sequential(first), {}, destination));
    ASSERT_EQ(as_target(engine(), world(), [&] { return walk(destination, 30); }), stated)
        << destination.text() << " from " << first;
  }
}

TEST_F(HookTest, PassesOverPortsThatCannotBeGiven) {
  const UniqueFd occupied = occupy(45002);
  ASSERT_TRUE(apply(Policy::sequential(45001, 45005), {45004}, kV4));
  EXPECT_EQ(dial(kV4).port, 45001);
  EXPECT_EQ(dial(kV4).port, 45003);
  EXPECT_EQ(dial(kV4).port, 45005);
  EXPECT_EQ(dial(kV4).port, 45001);
}

// As the kernel's own choice does: clients are kept from connecting to themselves in this way.
TEST_F(HookTest, PassesOverTheDestinationsPortWhereverSomebodyHasIt) {
  const UniqueFd taken = occupy(kPort, *Address::parse("127.0.0.2"));
  ASSERT_TRUE(apply(Policy::sequential(kPort, kPort + 1), {}, kV4));
  const Dialled dialled = dial(kV4);
  EXPECT_EQ(dialled.port, kPort + 1);
  EXPECT_FALSE(dialled.self_connected);
}

TEST_F(HookTest, LeavesTheChoiceToTheKernelWhenEveryPortIsTaken) {
  const UniqueFd first = occupy(45001), second = occupy(45002);
  ASSERT_TRUE(apply(Policy::sequential(45001, 45002), {}, kV4));
  const Dialled dialled = dial(kV4);
  EXPECT_EQ(dialled.error, ECONNREFUSED);
  EXPECT_GE(dialled.port, 32768);
  EXPECT_FALSE(dialled.port == 45001 || dialled.port == 45002);
}

TEST_F(HookTest, RefusesAPolicyWithoutAPort) {
  const auto applied = apply(Policy::sequential(45001, 45001), {45001}, kV4);
  ASSERT_FALSE(applied);
  EXPECT_THAT(applied.error().message, ::testing::HasSubstr("sequential:45001-45001"));
}

TEST_F(HookTest, HandsOutTheDrawnPortsOfOtherPolicies) {
  for (const char* text : {"random:7", "linux-5.18:7", "linux-2.6", "freebsd", "macos"}) {
    const auto policy = parse_policy(text);
    ASSERT_TRUE(policy);
    PortSequence expected(*policy, open_layout({}));
    ASSERT_TRUE(apply(*policy, {}, kV4));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(dial(kV4).port, expected.next(kV4)) << text;
  }
}

class HookThreadsTest : public HookTest, public ::testing::WithParamInterface<int> {};

TEST_P(HookThreadsTest, HandOutEachPortOnceAndInOrder) {
  constexpr std::uint16_t kFirst = 10001;
  constexpr int kAttempts = 12'000;
  struct Seen {
    std::array<std::atomic<int>, 65536> given;
  };
  Shared<Seen> seen;
  ASSERT_TRUE(apply(Policy::sequential(kFirst), {}, kV4));
  as_client([&] {
    std::atomic<int> left = kAttempts;
    std::vector<std::jthread> threads;
    for (int i = 0; i < GetParam(); ++i) {
      threads.emplace_back([&, i] {
        while (--left >= 0) ++seen->given.at(dial_once(i % 2 == 0 ? kV4 : kV6).port);
      });
    }
    return 0;
  });
  for (int port = 0; port < 65536; ++port) {
    const bool in_turn = port >= kFirst && port < kFirst + kAttempts;
    ASSERT_EQ(seen->given.at(static_cast<std::size_t>(port)), in_turn ? 1 : 0) << port;
  }
  auto told = engine().take_events();
  ASSERT_EQ(told.events.size(), static_cast<std::size_t>(kAttempts));
  std::ranges::sort(told.events, {}, &HookEvent::turn);
  for (int i = 0; i < kAttempts; ++i) {
    const HookEvent& event = told.events[static_cast<std::size_t>(i)];
    ASSERT_EQ(event.turn, std::optional(static_cast<std::uint64_t>(i)));
    ASSERT_EQ(event.port, kFirst + i);
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, HookThreadsTest, ::testing::Values(1, 2, 16, 64));

TEST_F(HookTest, ActsOnConnectionsMadeThroughIoUring) {
  ASSERT_TRUE(apply(Policy::sequential(45001), {}, kV4));
  as_client([] {
    io_uring ring{};
    if (io_uring_queue_init(4, &ring, 0) < 0) return 1;
    sockaddr_storage to{};
    const socklen_t length = Endpoint{kV4.address, 45003}.to_sockaddr(to);
    int attempts = 0;
    for (bool connected = false; !connected; ++attempts) {
      const UniqueFd fd = tcp_socket(AF_INET);
      io_uring_prep_connect(io_uring_get_sqe(&ring), fd.get(), reinterpret_cast<sockaddr*>(&to), length);
      io_uring_cqe* done = nullptr;
      if (io_uring_submit(&ring) != 1 || io_uring_wait_cqe(&ring, &done) != 0) return 2;
      connected = done->res == 0;
      io_uring_cqe_seen(&ring, done);
    }
    io_uring_queue_exit(&ring);
    return attempts == 3 ? 0 : 3;
  });
  EXPECT_EQ(engine().attempts({kV4.address, 45003}), 3U);
}

TEST_F(HookTest, ActsOnFastOpen) {
  ASSERT_TRUE(engine().force(kPort, Allocator::kConnect));
  for (const Endpoint& destination : {kV4, kV6}) {
    as_client([&] {
      const UniqueFd fd = tcp_socket(destination == kV4 ? AF_INET : AF_INET6);
      sockaddr_storage to{};
      const socklen_t length = destination.to_sockaddr(to);
      if (sendto(fd.get(), "hello", 5, MSG_FASTOPEN, reinterpret_cast<sockaddr*>(&to), length) != 5) return 1;
      std::array<char, 8> echo{};
      return recv(fd.get(), echo.data(), 5, MSG_WAITALL) == 5 ? 0 : 2;
    });
    EXPECT_EQ(engine().attempts(destination), 1U);
  }
}

TEST_F(HookTest, ActsOnADeferredFastOpen) {
  ASSERT_TRUE(engine().force(kPort, Allocator::kConnect));
  as_client([] {
    const UniqueFd fd = tcp_socket(AF_INET);
    const int on = 1;
    if (setsockopt(fd.get(), IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on)) != 0) return 1;
    if (dial_with(fd.get(), kV4).error != 0) return 2;
    if (send(fd.get(), "hello", 5, 0) != 5) return 3;
    std::array<char, 8> echo{};
    return recv(fd.get(), echo.data(), 5, MSG_WAITALL) == 5 ? 0 : 4;
  });
  EXPECT_EQ(engine().attempts(kV4), 1U);
}

// bind() to port 0 of `address`, then connect().
Dialled bind_then_dial(const Endpoint& destination) {
  const UniqueFd fd = tcp_socket(destination.address.family() == Family::kIpv4 ? AF_INET : AF_INET6);
  sockaddr_storage any{};
  const socklen_t length = Endpoint{destination.address, 0}.to_sockaddr(any);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&any), length) != 0) return {.error = errno};
  return dial_with(fd.get(), destination);
}

TEST_F(HookTest, WalksWithAClientThatBindsToPortZeroFirst) {
  for (const Endpoint& destination : {kV4, kV6}) {
    ASSERT_TRUE(apply(Policy::sequential(kPort - 3), {}, destination));
    as_client([&] {
      for (int attempt = 1; attempt <= 4; ++attempt) {
        const Dialled dialled = bind_then_dial(destination);
        if (dialled.port != kPort - 4 + attempt || dialled.self_connected != (attempt == 4)) return attempt;
      }
      return 0;
    });
    EXPECT_EQ(engine().attempts(destination), 4U);
  }
}

TEST_F(HookTest, ForcesBothKindsOfClientAtOnce) {
  ASSERT_TRUE(engine().force(kPort, Allocator::kConnect));
  as_client([] {
    if (!bind_then_dial(kV4).self_connected) return 1;
    if (!dial_once(kV4).self_connected) return 2;
    return bind_then_dial(kV6).self_connected ? 0 : 3;
  });
}

TEST_F(HookTest, LeavesASocketAloneThatTheClientHasBound) {
  ASSERT_TRUE(engine().force(kPort, Allocator::kConnect));
  as_client([] {
    const UniqueFd fd = tcp_socket(AF_INET);
    sockaddr_storage own{};
    const socklen_t length = Endpoint{kV4.address, 41000}.to_sockaddr(own);
    if (bind(fd.get(), reinterpret_cast<sockaddr*>(&own), length) != 0) return 1;
    return dial_with(fd.get(), kV4).port == 41000 ? 0 : 2;
  });
  EXPECT_EQ(engine().take_events().events.at(0).port, 41000);
}

TEST_F(HookTest, KeepsTheAddressThatTheClientHasBound) {
  ASSERT_TRUE(engine().force(kPort, Allocator::kConnect));
  as_client([] {
    const UniqueFd fd = tcp_socket(AF_INET);
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    sockaddr_storage own{};
    const Endpoint address{*Address::parse("127.0.0.9"), 0};
    const socklen_t length = address.to_sockaddr(own);
    if (bind(fd.get(), reinterpret_cast<sockaddr*>(&own), length) != 0) return 1;
    if (dial_with(fd.get(), kV4).port != kPort) return 2;
    socklen_t size = sizeof(own);
    getsockname(fd.get(), reinterpret_cast<sockaddr*>(&own), &size);
    return Endpoint::from_sockaddr(own).address == address.address ? 0 : 3;
  });
}

TEST_F(HookTest, ASocketDialledAgainKeepsItsPort) {
  ASSERT_TRUE(apply(Policy::sequential(45001), {}, kV4));
  as_client([] {
    const UniqueFd fd = tcp_socket(AF_INET);
    for (int i = 0; i < 2; ++i) {
      if (dial_with(fd.get(), kV4).port != 45001) return 1;
    }
    return dial_once(kV4).port == 45002 ? 0 : 2;
  });
}

TEST_F(HookTest, LeavesOtherProtocolsAlone) {
  ASSERT_TRUE(apply(Policy::sequential(45001), {}, kV4));
  as_client([] {
    const UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return dial_with(fd.get(), kV4).port == 45001 ? 1 : 0;
  });
  EXPECT_EQ(engine().attempts(kV4), 0U);
  EXPECT_EQ(dial(kV4).port, 45001);
}

TEST_F(HookTest, LeavesProcessesOutsideTheCgroupAlone) {
  ASSERT_TRUE(apply(Policy::force(), {}, kV4));
  const auto outside = probe_self_connect(world(), kV4, Allocator::kConnect);
  ASSERT_TRUE(outside) << outside.error().message;
  EXPECT_FALSE(*outside);
  EXPECT_EQ(engine().attempts(kV4), 0U);
}

TEST_F(HookTest, TwoAtATimeDoNotDisturbEachOther) {
  auto other_world = World::create();
  ASSERT_TRUE(other_world) << other_world.error().message;
  auto other = make_hook_engine(*other_world);
  ASSERT_TRUE(other) << other.error().message;
  constexpr int kAttempts = 500;
  ASSERT_TRUE(apply(Policy::sequential(20001), {}, kV4));
  ASSERT_TRUE((*other)->follow(Policy::sequential(30001), {}));
  const auto dials_in_order = [](int first) {
    for (int i = 0; i < kAttempts; ++i) {
      if (dial_once(kV4).port != first + i) return 1;
    }
    return 0;
  };
  // One in the test's own child, the other in a child of that child: both at once.
  EXPECT_EQ(testing::in_child([&] {
              const pid_t pid = fork();
              if (pid == 0) {
                _exit(testing::become_target(**other, *other_world) ? dials_in_order(30001) : 99);
              }
              const bool joined = testing::become_target(engine(), world());
              const int mine = joined ? dials_in_order(20001) : 99;
              int status = 0;
              while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
              return mine != 0 ? mine : WEXITSTATUS(status);
            }),
            0);
  EXPECT_EQ(engine().attempts(kV4), static_cast<std::uint64_t>(kAttempts));
  EXPECT_EQ((*other)->attempts(kV4), static_cast<std::uint64_t>(kAttempts));
}

TEST_F(HookTest, CatchesAStaticallyLinkedProgramThatIsLaunched) {
  ASSERT_TRUE(engine().force(kPort, Allocator::kConnect));
  const auto launched =
      testing::run_to_end(world(), {.command = {SELFCONNECT_TARGETS "/static", "127.0.0.1", "50000"},
                                    .stdin_file = {},
                                    .limits = {},
                                    .network = Network::kNear,
                                    .confinement = engine().confinement()});
  EXPECT_EQ(engine().attempts(kV4), 1U);
  EXPECT_EQ(engine().take_events().events.at(0).port, kPort);
}

TEST_F(HookTest, SaysHowManyEventsWereLost) {
  constexpr int kMany = 150'000;
  ASSERT_TRUE(engine().release({kPort}));
  as_client([] {
    for (int i = 0; i < kMany; ++i) dial_once(kV4);
    return 0;
  });
  const HookEvents told = engine().take_events();
  EXPECT_GT(told.lost, 0U);
  EXPECT_EQ(told.events.size() + told.lost, static_cast<std::size_t>(kMany));
  EXPECT_EQ(engine().attempts(kV4), static_cast<std::uint64_t>(kMany));
}

}  // namespace
}  // namespace selfconnect
