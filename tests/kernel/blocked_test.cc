// SPDX-License-Identifier: MIT
#include "harness/trace/blocked.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <thread>

#include "confined.h"
#include "harness/net/endpoint.h"
#include "harness/ports/notify_engine.h"
#include "harness/sys/unique_fd.h"

#include <gtest/gtest.h>

namespace selfconnect {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A child that does one thing, given one end of a pair of stream sockets; killed at the end.
class Waiter {
 public:
  explicit Waiter(const std::function<void(int socket)>& wait) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) abort();
    near_ = UniqueFd(ends[0]);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      wait(ends[1]);
      _exit(0);
    }
    close(ends[1]);
  }
  ~Waiter() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  [[nodiscard]] std::optional<std::vector<BlockedThread>> look() const {
    const std::array<pid_t, 1> processes{pid_};
    return blocked_threads(processes);
  }

  // It gets there, and stays.
  [[nodiscard]] bool gets_blocked() const {
    for (const auto by = Clock::now() + 20s; Clock::now() < by; std::this_thread::yield()) {
      if (look()) return true;
    }
    return false;
  }

  // It is in its system call, as far as the kernel says that it sleeps there.
  [[nodiscard]] bool sleeps() const {
    for (const auto by = Clock::now() + 20s; Clock::now() < by; std::this_thread::yield()) {
      siginfo_t info{};
      if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0)
        return false;
      char said = 0;
      if (recv(near_.get(), &said, 1, MSG_DONTWAIT) == 1) return true;
    }
    return false;
  }

  [[nodiscard]] int near() const { return near_.get(); }

 private:
  UniqueFd near_;
  pid_t pid_ = -1;
};

void say_here(int socket) { (void)!write(socket, "h", 1); }

TEST(BlockedTest, SeesAReadThatWaitsForEver) {
  const Waiter waiter([](int socket) {
    char byte = 0;
    (void)!read(socket, &byte, 1);
  });
  EXPECT_TRUE(waiter.gets_blocked());
}

TEST(BlockedTest, TwoLooksAreTheSameWhileNothingHappensAndNotAfterwards) {
  const Waiter waiter([](int socket) {
    char byte = 0;
    while (read(socket, &byte, 1) == 1) continue;
  });
  ASSERT_TRUE(waiter.gets_blocked());
  const auto before = waiter.look();
  EXPECT_EQ(waiter.look(), before);
  ASSERT_EQ(write(waiter.near(), "x", 1), 1);
  for (const auto by = Clock::now() + 20s; Clock::now() < by; std::this_thread::yield()) {
    const auto now = waiter.look();
    if (now && now != before) return;
  }
  FAIL() << "it has read a byte, and no look is different";
}

// It will go on as soon as it is let.
TEST(BlockedTest, AConnectThatIsStoppedIsNoWaitForEver) {
  auto engine = NotifyEngine::create(SocketAccess::kTake, NotifySupervisor::Reach::kAnywhere, nullptr);
  ASSERT_TRUE(engine) << engine.error().message;
  std::promise<void> stopped, released;
  (*engine)->choose_by([&](const Dial&) -> std::optional<std::uint16_t> {
    stopped.set_value();
    released.get_future().wait();
    return std::nullopt;
  });
  testing::ConfinedChild child((*engine)->confinement(), [] {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_storage storage{};
    const socklen_t length = Endpoint{Address::loopback(Family::kIpv4), 1}.to_sockaddr(storage);
    (void)connect(socket.get(), reinterpret_cast<const sockaddr*>(&storage), length);
  });
  EXPECT_EQ(stopped.get_future().wait_for(20s), std::future_status::ready);
  const std::array<pid_t, 1> processes{child.pid()};
  for (int look = 0; look < 100; ++look) EXPECT_FALSE(blocked_threads(processes));
  released.set_value();
  child.finish();
}

TEST(BlockedTest, ALimitOnTheSocketIsNoWaitForEver) {
  const Waiter waiter([](int socket) {
    const timeval limit{.tv_sec = 1000, .tv_usec = 0};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    say_here(socket);
    char byte = 0;
    (void)!read(socket, &byte, 1);
  });
  ASSERT_TRUE(waiter.sleeps());
  for (int look = 0; look < 100; ++look) EXPECT_FALSE(waiter.look());
}

TEST(BlockedTest, ATimerfdThatIsSetIsALimit) {
  const Waiter waiter([](int socket) {
    const int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    const itimerspec far_off{.it_interval = {}, .it_value = {.tv_sec = 1000, .tv_nsec = 0}};
    timerfd_settime(timer, 0, &far_off, nullptr);
    say_here(socket);
    pollfd wait{.fd = timer, .events = POLLIN, .revents = 0};
    poll(&wait, 1, -1);
  });
  ASSERT_TRUE(waiter.sleeps());
  for (int look = 0; look < 100; ++look) EXPECT_FALSE(waiter.look());
}

TEST(BlockedTest, ATimerfdThatIsNotSetIsNone) {
  const Waiter waiter([](int) {
    pollfd wait{.fd = timerfd_create(CLOCK_MONOTONIC, 0), .events = POLLIN, .revents = 0};
    poll(&wait, 1, -1);
  });
  EXPECT_TRUE(waiter.gets_blocked());
}

TEST(BlockedTest, ACaughtAlarmIsALimit) {
  const Waiter waiter([](int socket) {
    signal(SIGALRM, [](int) {});
    say_here(socket);
    char byte = 0;
    (void)!read(socket, &byte, 1);
  });
  ASSERT_TRUE(waiter.sleeps());
  for (int look = 0; look < 100; ++look) EXPECT_FALSE(waiter.look());
}

TEST(BlockedTest, OneThreadThatSleepsForATimeIsEnoughToGoOn) {
  const Waiter waiter([](int socket) {
    std::thread sleeper([] { std::this_thread::sleep_for(1000s); });
    say_here(socket);
    char byte = 0;
    (void)!read(socket, &byte, 1);
    sleeper.join();
  });
  ASSERT_TRUE(waiter.sleeps());
  for (int look = 0; look < 100; ++look) EXPECT_FALSE(waiter.look());
}

TEST(BlockedTest, ThreadsThatWaitForEachOtherAreBlocked) {
  const Waiter waiter([](int socket) {
    std::thread reader([socket] {
      char byte = 0;
      (void)!read(socket, &byte, 1);
    });
    reader.join();
  });
  for (const auto by = Clock::now() + 20s; Clock::now() < by; std::this_thread::yield()) {
    const auto now = waiter.look();
    if (now && now->size() == 2) return;
  }
  FAIL() << "two blocked threads were not seen";
}

TEST(BlockedTest, AProcessThatIsGoneIsNotBlocked) {
  const std::array<pid_t, 1> nobody{0x3fffffff};
  EXPECT_FALSE(blocked_threads(nobody));
}

}  // namespace
}  // namespace selfconnect
