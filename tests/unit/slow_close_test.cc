// SPDX-License-Identifier: MIT
#include "harness/world/slow_close.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <ranges>

namespace selfconnect {
namespace {

// A connection whose close waits until the other end has read everything (socket(7), SO_LINGER).
struct Lingering {
  UniqueFd slow;
  UniqueFd other;
};

Lingering make_lingering() {
  const UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(listener.get(), generic, size), 0);
  EXPECT_EQ(listen(listener.get(), 1), 0);
  EXPECT_EQ(getsockname(listener.get(), generic, &size), 0);
  Lingering made{UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), {}};
  EXPECT_EQ(connect(made.slow.get(), generic, size), 0);
  made.other.reset(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const linger long_time{.l_onoff = 1, .l_linger = 60};
  EXPECT_EQ(setsockopt(made.slow.get(), SOL_SOCKET, SO_LINGER, &long_time, sizeof(long_time)), 0);
  std::array<char, 65536> bytes{};
  while (send(made.slow.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) continue;
  return made;
}

// Reads to the end; false when it does not come.
bool read_all(const UniqueFd& fd) {
  std::array<char, 65536> bytes;
  pollfd readable{.fd = fd.get(), .events = POLLIN, .revents = 0};
  while (poll(&readable, 1, 10'000) == 1) {
    if (read(fd.get(), bytes.data(), bytes.size()) <= 0) return true;
  }
  return false;
}

TEST(SlowCloseTest, ClosesAllAtItsEnd) {
  std::vector<UniqueFd> readers;
  {
    SlowClose slow;
    for (int i = 0; i < 100; ++i) {
      std::array<int, 2> ends{};
      ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
      readers.emplace_back(ends[0]);
      slow.close(UniqueFd(ends[1]));
    }
  }
  char byte = 0;
  for (const UniqueFd& reader : readers) EXPECT_EQ(read(reader.get(), &byte, 1), 0);
}

// The last one's close ends first.
TEST(SlowCloseTest, WaitsForNoneBeforeTheNext) {
  std::vector<UniqueFd> others;
  SlowClose slow;
  for (int i = 0; i < 5; ++i) {
    Lingering made = make_lingering();
    slow.close(std::move(made.slow));
    others.push_back(std::move(made.other));
  }
  for (const UniqueFd& other : others | std::views::reverse) EXPECT_TRUE(read_all(other));
}

}  // namespace
}  // namespace selfconnect
