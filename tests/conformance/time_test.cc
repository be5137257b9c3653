// How long things last. The kernel keeps real time, so what lasts a minute is asked of its timers there (/proc/net/tcp).
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/tcp.h>

#include <fstream>
#include <string>

#include "on_both.h"

namespace selfconnect::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

class TimeTest : public OnBothTest {};

// What is left of the timer of the socket at `port`, in the ticks of USER_HZ that /proc/net/tcp gives.
std::optional<milliseconds> timer_left(std::uint16_t port, std::string_view state) {
  std::ifstream table("/proc/self/net/tcp");
  const std::string at = fmt::format(": 0100007F:{:04X} ", port);
  for (std::string line; std::getline(table, line);) {
    if (line.find(at) == std::string::npos || line.substr(34, 2) != state) continue;
    const std::size_t timer = line.find(" 03:");
    if (timer == std::string::npos) continue;
    return milliseconds(10 * std::stol(line.substr(timer + 4, 8), nullptr, 16));
  }
  return std::nullopt;
}

// Leaves an end in FIN_WAIT2 at the first port, without an owner; gives the other end.
int leave_in_fin_wait2(OnStack& on) {
  const int server = on.listener(on.port(0), 8), client = on.socket();
  EXPECT_EQ(on.connect(client, on.port(0)), -1);
  on.stack().close(on.stack().accept(server, nullptr, nullptr));
  on.stack().close(server);
  return client;
}

TEST_F(TimeTest, TimeWaitOfASelfConnectionLastsAMinute) {
  on_kernel([](OnStack on) {
    on.stack().close(on.self_connection(on.port(0)));
    EXPECT_THAT(timer_left(on.port(0), "06"),
                ::testing::Optional(AllOf(Ge(seconds(58)), Le(milliseconds(60'100)))));
  });
  on_vnet([](OnStack on) {
    on.stack().close(on.self_connection(on.port(0)));
    const int server = on.socket();
    on.wait(milliseconds(59'999));
    EXPECT_EQ(on.bind(server, on.port(0)), -1);
    EXPECT_EQ(errno, EADDRINUSE);
    on.wait(milliseconds(1));
    EXPECT_EQ(on.bind(server, on.port(0)), 0);
  });
}

TEST_F(TimeTest, FinWait2WithoutAnOwnerLastsAMinute) {
  on_kernel([](OnStack on) {
    const int client = leave_in_fin_wait2(on);
    std::optional<milliseconds> left;  // once the FIN has been acknowledged, which may be delayed
    for (int looks = 0; looks < 100 && !left; ++looks) {
      left = timer_left(on.port(0), "05");
      if (!left) on.wait(milliseconds(10));
    }
    EXPECT_THAT(left, ::testing::Optional(AllOf(Ge(seconds(58)), Le(milliseconds(60'100)))));
    on.stack().close(client);
  });
  on_vnet([](OnStack on) {
    const int client = leave_in_fin_wait2(on), server = on.socket();
    on.wait(milliseconds(59'999));
    EXPECT_EQ(on.bind(server, on.port(0)), -1);
    on.wait(milliseconds(1));
    EXPECT_EQ(on.bind(server, on.port(0)), 0);
    on.stack().close(client);
  });
}

// Once a closed end in FIN_WAIT2 is forgotten, the other end's FIN is answered with RST, and leaves no TIME_WAIT.
TEST_F(TimeTest, AFinThatComesAfterFinWait2FindsNobody) {
  const auto say_fin = [](OnStack& on, int client) {
    EXPECT_EQ(on.stack().shutdown(client, SHUT_WR), 0);
    EXPECT_EQ(on.ready(client, POLLIN | POLLOUT), POLLIN | POLLOUT | POLLERR | POLLHUP);
    int error = 0;
    socklen_t size = sizeof(error);
    EXPECT_EQ(on.stack().getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &size), 0);
    EXPECT_EQ(error, ECONNRESET);
    const int server = on.socket();
    EXPECT_EQ(on.bind(server, on.port(0)), 0);
    for (const int fd : {client, server}) on.stack().close(fd);
  };
  on_kernel([&](OnStack on) {
    std::ofstream("/proc/sys/net/ipv4/tcp_fin_timeout") << 1;  // a second, in place of a minute
    const int client = leave_in_fin_wait2(on);
    for (const bool there : {true, false}) {  // it comes, when the FIN has been acknowledged, and goes
      for (int looks = 0; looks < 1'000 && timer_left(on.port(0), "05").has_value() != there; ++looks)
        on.wait(milliseconds(10));
    }
    say_fin(on, client);
  });
  on_vnet([&](OnStack on) {
    const int client = leave_in_fin_wait2(on);
    on.wait(milliseconds(60'000));
    say_fin(on, client);
  });
}

TEST_F(TimeTest, AForcedPortIsTakenAgainAfterASecondOfTimeWait) {
  const auto until_self = [](nanoseconds& took) {
    return [&took](OnStack on) {
      const auto dial = [&] {
        const int client = on.socket();
        EXPECT_EQ(on.connect(client, on.port(0)), -1);
        const bool self = on.ready(client, POLLOUT) == POLLOUT;
        on.stack().close(client);
        return self;
      };
      EXPECT_TRUE(dial());
      const nanoseconds begun = on.now();
      while (!dial() && on.now() - begun < seconds(10)) on.wait(milliseconds(20));
      took = on.now() - begun;
    };
  };
  nanoseconds on_the_kernel{}, in_the_model{};
  on_kernel(until_self(on_the_kernel), true);
  if (IsSkipped()) return;
  on_vnet(until_self(in_the_model), true);
  // The kernel counts by the second where it does so at all (tcp_twsk_unique() before 6.13), and then up to two.
  EXPECT_THAT(on_the_kernel, AllOf(Ge(milliseconds(900)), Le(milliseconds(2'500))));
  EXPECT_THAT(in_the_model, AllOf(Ge(milliseconds(1'000)), Le(milliseconds(1'040))));
}

TEST_F(TimeTest, ASynThatFoundTheBacklogFullIsSentAgainAfterASecond) {
  const auto until_answered = [](nanoseconds& took) {
    return [&took](OnStack on) {
      const int server = on.listener(on.port(0), 0), first = on.socket(), second = on.socket();
      EXPECT_EQ(on.connect(first, on.port(0)), -1);
      EXPECT_EQ(on.connect(second, on.port(0)), -1);
      EXPECT_EQ(on.ready(second, POLLOUT), 0);
      const int accepted = on.stack().accept(server, nullptr, nullptr);
      const nanoseconds begun = on.now();
      EXPECT_EQ(on.ready(second, POLLOUT, seconds(10)), POLLOUT);
      took = on.now() - begun;
      for (const int fd : {server, first, second, accepted}) on.stack().close(fd);
    };
  };
  nanoseconds on_the_kernel{}, in_the_model{};
  on_kernel(until_answered(on_the_kernel));
  if (IsSkipped()) return;
  on_vnet(until_answered(in_the_model));
  EXPECT_THAT(on_the_kernel, AllOf(Ge(milliseconds(800)), Le(milliseconds(1'900))));
  EXPECT_EQ(in_the_model, seconds(1));
}

TEST_F(TimeTest, AnAttemptEndsAtItsUserTimeout) {
  const auto until_failed = [](nanoseconds& took) {
    return [&took](OnStack on) {
      const int server = on.listener(on.port(0), 0), first = on.socket(), second = on.socket();
      EXPECT_EQ(on.connect(first, on.port(0)), -1);
      const int limit_ms = 1'500;
      EXPECT_EQ(on.stack().setsockopt(second, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof(limit_ms)), 0);
      const nanoseconds begun = on.now();
      EXPECT_EQ(on.connect(second, on.port(0)), -1);
      EXPECT_EQ(on.ready(second, POLLIN | POLLOUT, seconds(30)), POLLIN | POLLOUT | POLLERR | POLLHUP);
      took = on.now() - begun;
      EXPECT_EQ(on.connect(second, on.port(0)), -1);
      EXPECT_EQ(errno, ETIMEDOUT);
      for (const int fd : {server, first, second}) on.stack().close(fd);
    };
  };
  nanoseconds on_the_kernel{}, in_the_model{};
  on_kernel(until_failed(on_the_kernel));
  if (IsSkipped()) return;
  on_vnet(until_failed(in_the_model));
  EXPECT_THAT(on_the_kernel,
              AllOf(Ge(in_the_model - milliseconds(200)), Le(in_the_model + milliseconds(1'000))));
}

}  // namespace
}  // namespace selfconnect::conformance
