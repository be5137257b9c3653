// What gets past the C library does not get into the host's network.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <array>
#include <cstddef>
#include <string_view>

#include "tests/vnet/client.h"
#include "tests/vnet/run.h"

namespace selfconnect::vnet {
namespace {

#ifdef __x86_64__

long raw(long number, long a, long b, long c, long d = 0, long e = 0, long f = 0) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result = number;
  __asm__ volatile("syscall"
                   : "+a"(result)
                   : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

long address(const void* where) { return reinterpret_cast<long>(where); }

const sockaddr_in kServer{
    .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};

TEST(SealTest, StopsRawSystemCalls) {
  const auto in_run = [](auto call) {
    const TestRun run;
    static_cast<void>(call());
  };
  EXPECT_DEATH(in_run([] { return raw(SYS_socket, AF_INET, SOCK_STREAM, 0); }),
               "vnet: socket\\(\\): reached the kernel");
  EXPECT_DEATH(in_run([] { return raw(SYS_socket, AF_INET6, SOCK_DGRAM, 0); }),
               "vnet: socket\\(\\): reached the kernel");
  EXPECT_DEATH(in_run([] { return raw(SYS_socket, AF_NETLINK, SOCK_RAW, 0); }),
               "vnet: socket\\(\\): reached the kernel");
  EXPECT_DEATH(in_run([] { return raw(SYS_connect, 0, address(&kServer), sizeof(kServer)); }),
               "vnet: connect\\(\\): reached");
  EXPECT_DEATH(in_run([] { return raw(SYS_bind, 0, address(&kServer), sizeof(kServer)); }),
               "vnet: bind\\(\\): reached");
  EXPECT_DEATH(in_run([] { return raw(SYS_sendto, 0, 0, 0, 0, address(&kServer), sizeof(kServer)); }),
               "vnet: sendto\\(\\): reached");
  EXPECT_DEATH(in_run([] { return raw(SYS_io_uring_setup, 8, 0, 0); }),
               "vnet: io_uring_setup\\(\\): reached");
}

// x32, where the kernel has it, and i386 have numbers of their own.
TEST(SealTest, StopsOtherArchitectures) {
  EXPECT_DEATH(
      {
        const TestRun run;
        raw(0x40000000 + SYS_socket, AF_INET, SOCK_STREAM, 0);
      },
      "vnet: a system call of another architecture: reached");
}

TEST(SealTest, StopsThreadsOfTheEngineToo) {
  EXPECT_DEATH(
      {
        {
          const TestRun run;
        }
        client_socket(AF_INET, SOCK_STREAM, 0);
      },
      "vnet: socket\\(\\): reached");
}

#endif

TEST(SealTest, LeavesUnixSocketsAlone) {
  {
    const TestRun run;
  }
  sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};  // abstract: after the empty string
  std::snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "vnet-seal-test-%d", getpid());
  const auto* const at = reinterpret_cast<const sockaddr*>(&name);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 +
                                             std::string_view(name.sun_path + 1).size());

  const int server = client_socket(AF_UNIX, SOCK_DGRAM, 0), client = client_socket(AF_UNIX, SOCK_DGRAM, 0);
  EXPECT_EQ(client_bind(server, at, length), 0);
  EXPECT_EQ(client_bind(client, at, length), -1);
  EXPECT_EQ(errno, EADDRINUSE);
  EXPECT_EQ(client_sendto(client, "one", 3, 0, at, length), 3);
  EXPECT_EQ(client_connect(client, at, length), 0);
  EXPECT_EQ(client_send(client, "two", 3, 0), 3);
  std::array<char, 8> bytes{};
  EXPECT_EQ(client_recv(server, bytes.data(), bytes.size(), 0), 3);
  EXPECT_STREQ(bytes.data(), "one");
  EXPECT_EQ(client_recv(server, bytes.data(), bytes.size(), 0), 3);
  EXPECT_STREQ(bytes.data(), "two");
  client_close(client);
  client_close(server);
}

}  // namespace
}  // namespace selfconnect::vnet
