// What is not modelled ends a run with its name, and is the C library's outside of runs.
// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include <array>
#include <string>
#include <thread>

#include "fuzz/vnet/descriptors.h"
#include "tests/vnet/arguments.h"
#include "tests/vnet/client.h"
#include "tests/vnet/run.h"

namespace selfconnect::vnet {
namespace {

struct Refused {
  const char* name;
  void (*call)();
};

constexpr std::array kRefused = {
#define VNET_REFUSED(result, name, parameters, arguments, why) \
  Refused{#name, [] { call_with<Harmless>(client_##name); }},
#define VNET_REFUSED_FD(result, name, parameters, arguments, descriptors) \
  Refused{#name, [] { call_with<WithDescriptor<Descriptors::kFirst>>(client_##name); }},
#include "fuzz/vnet/refused.def"
#undef VNET_REFUSED
#undef VNET_REFUSED_FD
};

TEST(RefusalsTest, EndTheRunWithTheirNames) {
  for (const Refused& each : kRefused) {
    const auto in_run = [&] {
      const TestRun run;
      each.call();
    };
    EXPECT_DEATH(in_run(), std::string("vnet: ") + each.name + "\\(\\): ");
  }
}

TEST(RefusalsTest, TakeTheFormsWhoseParametersVary) {
  const auto in_run = [](auto call) {
    const TestRun run;
    static_cast<void>(call());
  };
  EXPECT_DEATH(in_run([] { return client_dprintf(Descriptors::kFirst); }), "vnet: dprintf\\(\\): ");
  EXPECT_DEATH(in_run(client_execl), "vnet: execv\\(\\): ");
  EXPECT_DEATH(in_run(client_clone), "vnet: clone\\(\\): ");
  EXPECT_DEATH(in_run(client_vfork), "vnet: vfork\\(\\): ");
  EXPECT_DEATH(in_run([] { return client_socketpair(AF_INET, nullptr); }), "vnet: socketpair\\(\\): ");
  EXPECT_DEATH(in_run([] { return client_syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }),
               "vnet: syscall\\(41\\): ");
  EXPECT_DEATH(in_run([] { return client_syscall(SYS_futex, 0, FUTEX_WAIT_PRIVATE, 0); }),
               "vnet: syscall\\(202\\): ");
}

// The C++ run time starts threads in its own shared library.
TEST(RefusalsTest, KnowThreadsOfSharedLibraries) {
  EXPECT_DEATH(
      {
        const TestRun run;
        std::thread([] {}).join();
      },
      "vnet: pthread_create\\(\\): clients that use threads are not modelled");
}

TEST(RefusalsTest, LetHarmlessSystemCallsThrough) {
  const TestRun run;
  int word = 0;
  EXPECT_EQ(client_syscall(SYS_getpid, 0, 0, 0), getpid());
  EXPECT_EQ(client_syscall(SYS_futex, reinterpret_cast<long>(&word), FUTEX_WAKE_PRIVATE, 1), 0);
}

TEST(RefusalsTest, LetRealDescriptorsThrough) {
  std::array<int, 2> pair{};
  struct stat status{};
  {
    const TestRun run;
    EXPECT_EQ(client_socketpair(AF_UNIX, pair.data()), 0);
    EXPECT_EQ(client_fstat(pair[0], &status), 0);
    EXPECT_EQ(client_dprintf(pair[0]), 6);
  }
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  std::array<char, 8> bytes{};
  EXPECT_EQ(client_read(pair[1], bytes.data(), bytes.size()), 6);
  EXPECT_STREQ(bytes.data(), "text 1");
  for (const int fd : pair) EXPECT_EQ(client_close(fd), 0);
}

TEST(RefusalsTest, AreTheCLibrarysOutsideOfRuns) {
  const pid_t child = client_vfork();
  if (child == 0) _exit(client_execl());
  int status = -1;
  EXPECT_EQ(client_waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(client_isatty(-1), 0);
  EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace selfconnect::vnet
