// Every modelled call of a client arrives at the model in a run, and at the C library outside.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string_view>
#include <thread>

#include "fuzz/vnet/descriptors.h"
#include "fuzz/vnet/refuse.h"
#include "tests/vnet/arguments.h"
#include "tests/vnet/client.h"
#include "tests/vnet/fake_calls.h"
#include "tests/vnet/run.h"

namespace selfconnect::vnet {
namespace {

using testing::ElementsAre;

struct Modelled {
  const char* name;
  void (*call)();
};

constexpr std::array kModelled = {
#define VNET_CALL(result, name, parameters, arguments) \
  Modelled{#name, [] { call_with<Harmless>(client_##name); }},
#include "fuzz/vnet/calls.def"
#undef VNET_CALL
};

// The first: after a run the process is sealed, and socket() outside of runs is stopped too.
TEST(EntriesTest, ReachTheCLibraryOutsideOfRuns) {
  for (const Modelled& each : kModelled) {
    each.call();
    EXPECT_EQ(take_fake_call(), "") << each.name;
  }
  EXPECT_EQ(client_close(-1), -1);
  EXPECT_EQ(errno, EBADF);
}

TEST(EntriesTest, ReachTheModelInARun) {
  for (const Modelled& each : kModelled) {
    TestRun run;
    each.call();
    EXPECT_EQ(take_fake_call(), each.name);
    EXPECT_THAT(run.overseer.calls, ElementsAre(each.name));
  }
}

TEST(EntriesTest, TakeTheFormsOfFcntlAndIoctl) {
  TestRun run;
  int bytes = 0;
  EXPECT_EQ(client_fcntl_set(Descriptors::kFirst, O_NONBLOCK), kFakeResult);
  EXPECT_EQ(client_fcntl64_set(Descriptors::kFirst, O_NONBLOCK), kFakeResult);
  EXPECT_EQ(client_ioctl_available(Descriptors::kFirst, &bytes), kFakeResult);
  EXPECT_THAT(run.overseer.calls, ElementsAre("fcntl", "fcntl", "ioctl"));
}

TEST(EntriesTest, TakeTheFormsOfFortifySource) {
  TestRun run;
  EXPECT_EQ(client_fortified_read(Descriptors::kFirst, 16), kFakeResult);
  EXPECT_EQ(client_fortified_recv(Descriptors::kFirst, 16), kFakeResult);
  EXPECT_EQ(client_fortified_recvfrom(Descriptors::kFirst, 16), kFakeResult);
  EXPECT_EQ(client_fortified_poll(2), kFakeResult);
  EXPECT_EQ(client_fortified_ppoll(2), kFakeResult);
  EXPECT_THAT(run.overseer.calls, ElementsAre("read", "recv", "recvfrom", "poll", "ppoll"));
}

// clang leaves overflows of a size that it does not know to its sanitizers.
#ifndef __clang__
TEST(EntriesTest, FindOverflowsAsFortifySourceDoes) {
  EXPECT_DEATH(client_fortified_read(-1, 17), "vnet: read\\(\\): buffer overflow");
  EXPECT_DEATH(client_fortified_poll(3), "vnet: poll\\(\\): buffer overflow");
}
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
TEST(EntriesTest, LeaveTheSanitizerItsChecks) {
  std::array<char, 4> small{};
  EXPECT_DEATH(client_read(open("/dev/zero", O_RDONLY), small.data(), 5),
               "AddressSanitizer: stack-buffer-overflow");
}
#endif
#endif

// std::chrono reads the clock in the shared library of C++, to which no --wrap reaches.
TEST(EntriesTest, TakeTheCallsOfSharedLibrariesToo) {
  TestRun run;
  static_cast<void>(std::chrono::steady_clock::now());
  EXPECT_THAT(run.overseer.calls, ElementsAre("clock_gettime"));
}

TEST(EntriesTest, LeaveOtherThreadsAlone) {
  take_fake_call();
  std::atomic<int> step = 0;
  std::thread engine([&] {
    step.wait(0);
    timespec now{};
    EXPECT_EQ(client_clock_gettime(CLOCK_MONOTONIC, &now), 0);
    std::thread([] {}).join();
    step = 2;
  });
  {
    TestRun run;
    step = 1;
    step.notify_one();
    while (step != 2) std::this_thread::yield();
    EXPECT_THAT(run.overseer.calls, ElementsAre());
  }
  engine.join();
  EXPECT_EQ(take_fake_call(), "");
}

// What slips past this library with a virtual descriptor meets nothing that it could read from, or write to.
TEST(EntriesTest, KeepTheNumbersOfVirtualDescriptors) {
  const TestRun run;
  const HostAside outside;
  for (const int fd : {Descriptors::kFirst, Descriptors::kLast}) {
    EXPECT_EQ(client_write(fd, "", 1), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_EQ(client_fcntl_set(fd, 0), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  }
  const int next = open("/", O_RDONLY);
  EXPECT_LT(next, Descriptors::kFirst);
  client_close(next);
}

TEST(TraceTest, HasTimeNameArgumentsAndResult) {
  TestRun run;
  std::string trace;
  run.host.trace = &trace;
  const sockaddr_in server{
      .sin_family = AF_INET, .sin_port = htons(6379), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  client_socket(AF_INET, SOCK_STREAM, 0);
  client_connect(768, reinterpret_cast<const sockaddr*>(&server), sizeof(server));
  client_read(768, &trace, 16);
  const timespec second{.tv_sec = 1, .tv_nsec = 5};
  client_nanosleep(&second, nullptr);
  client_getaddrinfo("localhost", "6379", nullptr, nullptr);
  EXPECT_EQ(trace,
            "0.000000000 socket(2, 1, 0) = 770\n"
            "0.000000000 connect(768, 127.0.0.1:6379) = 770\n"
            "0.000000000 read(768, 16) = 770\n"
            "0.000000000 nanosleep(1.000000005) = 770\n"
            "0.000000000 getaddrinfo(\"localhost\", \"6379\") = 770\n");
}

TEST(TraceTest, LeavesRealDescriptorsOut) {
  TestRun run;
  std::string trace;
  run.host.trace = &trace;
  client_read(0, nullptr, 0);
  client_epoll_ctl(768, 1, 5, nullptr);
  client_close(-1);
  EXPECT_EQ(trace,
            "0.000000000 epoll_ctl(768, 1, real) = 770\n"
            "0.000000000 close(-1) = 770\n");
}

}  // namespace
}  // namespace selfconnect::vnet
