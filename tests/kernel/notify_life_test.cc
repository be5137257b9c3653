// The engine `notify` and the ends of those that take part: the target's, the supervisor's, the harness's. And targets
// that are programs, with an exec, in worlds.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <future>

#include "confined.h"
#include "fresh_net.h"
#include "harness/ports/notify_engine.h"
#include "in_world.h"

namespace selfconnect {
namespace {

using testing::ConfinedChild;
using testing::in_confined_child;
using testing::in_fresh_net;
using Reach = NotifySupervisor::Reach;

const Endpoint kDestination = *Endpoint::parse("127.0.0.1:50000");

std::unique_ptr<NotifyEngine> make_engine(SocketAccess access, const World* world = nullptr) {
  auto engine = NotifyEngine::create(access, Reach::kAnywhere, world);
  if (engine) return std::move(*engine);
  ADD_FAILURE() << engine.error().message;
  std::abort();
}

// An errno; 0: connected. Leaves no TIME_WAIT.
int dial_once() {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const linger reset_on_close{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof(reset_on_close));
  sockaddr_storage to{};
  const socklen_t size = kDestination.to_sockaddr(to);
  return connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), size) == 0 ? 0 : errno;
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

struct Pipe {
  UniqueFd read, write;
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
};

void say(const UniqueFd& to, int number) {
  EXPECT_EQ(write(to.get(), &number, sizeof number), sizeof number);
}

// -1: the other end was closed.
int hear(const UniqueFd& from) {
  int number = -1;
  return read(from.get(), &number, sizeof number) == sizeof number ? number : -1;
}

class NotifyLifeTest : public ::testing::TestWithParam<SocketAccess> {};

TEST_P(NotifyLifeTest, SurvivesATargetKilledWhileItIsStopped) {
  in_fresh_net([] {
    const std::size_t before = open_descriptors();
    {
      const auto engine = make_engine(GetParam());
      std::promise<void> stopped;
      std::promise<void> killed;
      engine->choose_by([&](const Dial&) {
        stopped.set_value();
        killed.get_future().wait();
        return std::optional<std::uint16_t>(1'000);
      });
      ConfinedChild target(engine->confinement(), [] { dial_once(); });
      stopped.get_future().wait();
      target.kill();
      const int status = target.finish();
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
      killed.set_value();
      ASSERT_TRUE(engine->force(kDestination.port, Allocator::kConnect));
      in_confined_child(engine->confinement(), [] { EXPECT_EQ(dial_once(), 0); });
    }
    EXPECT_EQ(open_descriptors(), before);
  });
}

TEST_P(NotifyLifeTest, LeavesNoDescriptorOfManyTargetsAndSockets) {
  in_fresh_net([] {
    const std::size_t before = open_descriptors();
    {
      const auto engine = make_engine(GetParam());
      ASSERT_TRUE(engine->force(kDestination.port, Allocator::kConnect));
      for (int i = 0; i < 2 * static_cast<int>(NotifySupervisor::kMostListeners); ++i) {
        in_confined_child(engine->confinement(), [] { EXPECT_EQ(dial_once(), 0); });
      }
      // Sockets that never dial do not add up, whether they are closed or kept.
      in_confined_child(engine->confinement(), [] {
        std::vector<UniqueFd> kept;
        for (int i = 0; i < 800; ++i) {
          UniqueFd socket(::socket(AF_INET, SOCK_STREAM, 0));
          ASSERT_TRUE(socket);
          if (i % 2 == 0) kept.push_back(std::move(socket));
        }
        EXPECT_EQ(dial_once(), 0);
      });
      EXPECT_LE(open_descriptors(), before + 8 + MadeSockets::kMost);
    }
    EXPECT_EQ(open_descriptors(), before);
  });
}

TEST_P(NotifyLifeTest, LeavesNoTargetHangingWhenItStops) {
  in_fresh_net([] {
    const Pipe go, outcome;
    auto engine = make_engine(GetParam());
    ConfinedChild target(engine->confinement(), [&] {
      say(outcome.write, dial_once());
      hear(go.read);
      say(outcome.write, dial_once());
    });
    EXPECT_EQ(hear(outcome.read), ECONNREFUSED);
    engine.reset();
    say(go.write, 1);
    EXPECT_EQ(hear(outcome.read), ENOSYS);
    EXPECT_EQ(target.finish(), 0);
  });
}

// With no PID namespace that would take the target along.
TEST_P(NotifyLifeTest, LeavesNoTargetHangingWhenTheHarnessIsKilled) {
  in_fresh_net([] {
    const Pipe stopped;
    Pipe outcome;
    const pid_t harness = fork();
    if (harness == 0) {
      const auto engine = make_engine(GetParam());
      engine->choose_by([&](const Dial&) -> std::optional<std::uint16_t> {
        say(stopped.write, 1);
        while (true) pause();
      });
      ConfinedChild(engine->confinement(), [&] { say(outcome.write, dial_once()); }).finish();
      _exit(0);
    }
    outcome.write.reset();
    ASSERT_EQ(hear(stopped.read), 1);
    ASSERT_EQ(kill(harness, SIGKILL), 0);
    EXPECT_EQ(hear(outcome.read), ENOSYS);
    waitpid(harness, nullptr, 0);
  });
}

INSTANTIATE_TEST_SUITE_P(Access, NotifyLifeTest, ::testing::Values(SocketAccess::kTake, SocketAccess::kMake),
                         [](const auto& access) {
                           return access.param == SocketAccess::kTake ? "Taken" : "Made";
                         });

class NotifyProgramTest : public testing::InWorld {
 protected:
  // Under the engine, until it ends.
  testing::Launched run(const NotifyEngine& engine, std::vector<std::string> command) {
    command.front() = std::string(SELFCONNECT_TARGETS) + "/" + command.front();
    return testing::run_to_end(world(), {.command = std::move(command), .confinement = engine.confinement()});
  }
};

TEST_F(NotifyProgramTest, ForcesProgramsOfEveryKind) {
  for (const char* name : {"static", "epoll_nonblocking", "bind_zero", "guarded"}) {
    const auto own = World::create();  // a connection of the one before would hold the port
    ASSERT_TRUE(own) << own.error().message;
    const auto engine = make_engine(SocketAccess::kTake, &*own);
    ASSERT_TRUE(engine->force(kDestination.port, Allocator::kConnect));
    boost::asio::io_context context;
    auto process =
        Process::launch(context, *own,
                        {.command = {std::string(SELFCONNECT_TARGETS) + "/" + name, "127.0.0.1", "50000"},
                         .confinement = engine->confinement()},
                        [] {});
    ASSERT_TRUE(process) << process.error().message;
    std::vector<NotifyEvent> events;
    EXPECT_TRUE(testing::run_until(context, [&] {
      std::ranges::move(engine->take_events(), std::back_inserter(events));
      return !events.empty();
    })) << name;
    EXPECT_EQ(events.front().port, kDestination.port) << name;
  }
}

TEST_F(NotifyProgramTest, ProbesUnderItsOwnFilter) {
  const auto engine = make_engine(SocketAccess::kTake, &world());
  for (const char* text : {"127.0.0.1:50000", "[::1]:50001"}) {
    const Endpoint destination = *Endpoint::parse(text);
    for (const Allocator allocator : {Allocator::kConnect, Allocator::kBind}) {
      ASSERT_TRUE(engine->force(destination.port, allocator));
      const auto forced = engine->probe(destination, allocator);
      ASSERT_TRUE(forced) << forced.error().message;
      EXPECT_TRUE(*forced) << text;
      ASSERT_TRUE(engine->release({destination.port}));
      const auto released = engine->probe(destination, allocator);
      ASSERT_TRUE(released) << released.error().message;
      EXPECT_FALSE(*released) << text;
    }
  }
  EXPECT_TRUE(engine->take_events().empty()) << "the probe's are nobody's";
}

TEST_F(NotifyProgramTest, GivesAReleasedTargetNoneOfThePortsThatItMustNotHave) {
  std::set<std::uint16_t> never;
  for (std::uint32_t port = 32'768; port < 60'900; ++port) never.insert(static_cast<std::uint16_t>(port));
  const auto engine = make_engine(SocketAccess::kTake, &world());
  ASSERT_TRUE(engine->release(never));
  for (int i = 0; i < 20; ++i) run(*engine, {"static", "127.0.0.1", "50000"});
  const auto events = engine->take_events();
  ASSERT_EQ(events.size(), 20U);
  for (const NotifyEvent& event : events) {
    EXPECT_GE(event.port, 60'900);
    EXPECT_EQ(event.port % 2, 0);
  }
}

TEST_F(NotifyProgramTest, EndsWithTheHarnessWhileTheTargetIsStopped) {
  const Pipe stopped;
  const pid_t harness = fork();
  if (harness == 0) {
    auto own = World::create();
    const auto engine = make_engine(SocketAccess::kTake, &*own);
    std::atomic<pid_t> target = 0;
    engine->choose_by([&](const Dial&) -> std::optional<std::uint16_t> {
      while (target == 0) sched_yield();
      say(stopped.write, target);
      while (true) pause();
    });
    boost::asio::io_context context;
    auto process = Process::launch(context, *own,
                                   {.command = {SELFCONNECT_TARGETS "/static", "127.0.0.1", "50000"},
                                    .confinement = engine->confinement()},
                                   [] {});
    target = process ? (*process)->pid() : -1;
    while (true) pause();
  }
  const int target = hear(stopped.read);
  EXPECT_GT(target, 0);
  const UniqueFd pidfd = testing::pidfd_of(target);
  kill(harness, SIGKILL);
  EXPECT_TRUE(testing::ends(pidfd));
  waitpid(harness, nullptr, 0);
}

#if defined(__x86_64__)
// What a 32-bit program does, done by a 64-bit one: int 0x80 takes arguments of 32 bits and the numbers of that
// architecture (asm/unistd_32.h).
long call_32(long number, long first, long second, long third) {
  long result = 0;
  asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second), "d"(third) : "memory");
  return result;
}

TEST_P(NotifyLifeTest, ActsFor32BitPrograms) {
  constexpr long kSocket = 359, kConnect = 362, kSocketCall = 102;
  SELFCONNECT_NEEDS("ia32", call_32(20 /* getpid */, 0, 0, 0) == getpid() ? "" : "no 32-bit system calls");
  in_fresh_net([] {
    const auto engine = make_engine(GetParam());
    ASSERT_TRUE(engine->follow(Policy::sequential(20'000, 20'009), {}));
    in_confined_child(engine->confinement(), [] {
      auto* low = static_cast<char*>(
          mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
      ASSERT_NE(low, MAP_FAILED);
      sockaddr_storage to{};
      const socklen_t size = Endpoint{kDestination.address, 1}.to_sockaddr(to);
      std::memcpy(low, &to, size);
      const auto address = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(low));
      auto* words = reinterpret_cast<std::uint32_t*>(low + 256);
      const long arguments = address + 256;

      const long first = call_32(kSocket, AF_INET, SOCK_STREAM, 0);
      ASSERT_GE(first, 0);
      EXPECT_EQ(call_32(kConnect, first, address, size), -ECONNREFUSED);
      words[0] = AF_INET, words[1] = SOCK_STREAM, words[2] = 0;
      const long second = call_32(kSocketCall, 1, arguments, 0);
      ASSERT_GE(second, 0);
      words[0] = static_cast<std::uint32_t>(second), words[1] = address, words[2] = size;
      EXPECT_EQ(call_32(kSocketCall, 3, arguments, 0), -ECONNREFUSED);
    });
    const auto events = engine->take_events();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].port, 20'000);
    EXPECT_EQ(events[1].port, 20'001);
  });
}
#endif

}  // namespace
}  // namespace selfconnect
