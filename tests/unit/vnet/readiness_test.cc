// poll, select, epoll and timers over the model's own sockets, in virtual time. Against the kernel: tests/conformance.
// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>

#include "fuzz/vnet/calls.h"
#include "tests/unit/vnet/virtual_host.h"

namespace selfconnect::vnet {
namespace {

using namespace std::chrono_literals;

class ReadinessTest : public testing::Test {
 protected:
  // A socket that dials, and does not wait for what becomes of it.
  int dial(Attempt plan) {
    virtual_.overseer.next = std::move(plan);
    const int fd = calls::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(6379), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    EXPECT_EQ(calls::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), -1);
    EXPECT_EQ(errno, EINPROGRESS);
    return fd;
  }
  static int error_of(int fd) {
    int error = -1;
    socklen_t length = sizeof(error);
    calls::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error;
  }
  static int poll(int fd, short events, int timeout_ms) {
    pollfd entry{.fd = fd, .events = events, .revents = 0};
    return calls::poll(&entry, 1, timeout_ms) < 0 ? -errno : entry.revents;
  }

  VirtualHost virtual_;
  Host& host_ = virtual_.host;
};

TEST_F(ReadinessTest, RefusedDialsEndAtOnce) {
  const int fd = dial({.syn = Attempt::Syn::kRefused});
  EXPECT_EQ(poll(fd, POLLOUT, -1), POLLOUT | POLLERR | POLLHUP);
  EXPECT_EQ(error_of(fd), ECONNREFUSED);
  EXPECT_EQ(poll(fd, POLLOUT, -1), POLLOUT | POLLHUP);
  EXPECT_EQ(host_.now(), 0s);
}

// 1, 1, 1, 1, 1 (linear), 2, 4, 8, 16, 32, 64 seconds: tcp_syn_retries 6 and tcp_syn_linear_timeouts 4.
TEST_F(ReadinessTest, UnansweredDialsEndAfterTwoMinutes) {
  const int fd = dial({.syn = Attempt::Syn::kDropped});
  EXPECT_EQ(poll(fd, POLLOUT, 120'000), 0);
  EXPECT_EQ(poll(fd, POLLOUT, -1), POLLOUT | POLLERR | POLLHUP);
  EXPECT_GT(host_.now(), 2min);
  EXPECT_LT(host_.now(), 3min);
  EXPECT_EQ(error_of(fd), ETIMEDOUT);
}

TEST_F(ReadinessTest, EpollSeesTheEchoOfASelfConnection) {
  const int fd = dial({.port = Attempt::Port::kDialled});
  const int epoll = calls::epoll_create1(0);
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.fd = fd}};
  EXPECT_EQ(calls::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), 0);
  EXPECT_EQ(calls::epoll_wait(epoll, &event, 1, -1), 1);
  EXPECT_EQ(event.events, EPOLLOUT);
  EXPECT_EQ(calls::epoll_wait(epoll, &event, 1, 1000), 0);
  EXPECT_EQ(calls::send(fd, "PING", 4, 0), 4);
  EXPECT_EQ(calls::epoll_wait(epoll, &event, 1, -1), 1);
  EXPECT_EQ(event.events, EPOLLIN | EPOLLOUT);
  EXPECT_EQ(event.data.fd, fd);
  calls::close(fd);
  EXPECT_EQ(calls::epoll_wait(epoll, &event, 1, 0), 0);
}

TEST_F(ReadinessTest, SelectSeesWhatPollSees) {
  const int fd = dial({.syn = Attempt::Syn::kRefused});
  fd_set readable, writable, failed;
  FD_ZERO(&readable);
  FD_SET(fd, &readable);
  writable = failed = readable;
  EXPECT_EQ(calls::select(fd + 1, &readable, &writable, &failed, nullptr), 2);
  EXPECT_TRUE(FD_ISSET(fd, &readable));
  EXPECT_TRUE(FD_ISSET(fd, &writable));
  EXPECT_FALSE(FD_ISSET(fd, &failed));
}

// A reconnect loop with its backoff, as an event library has it: ten minutes of it.
TEST_F(ReadinessTest, BacksOffOnATimer) {
  const int epoll = calls::epoll_create1(0), timer = calls::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  epoll_event event{.events = EPOLLIN, .data = {.fd = timer}};
  calls::epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);
  int attempts = 0;
  while (host_.now() < 10min) {
    const int fd = dial({.syn = Attempt::Syn::kRefused});
    ++attempts;
    event = {.events = EPOLLOUT, .data = {.fd = fd}};
    calls::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    ASSERT_EQ(calls::epoll_wait(epoll, &event, 1, -1), 1);
    ASSERT_EQ(event.data.fd, fd);
    calls::close(fd);
    const itimerspec second{.it_interval = {}, .it_value = {.tv_sec = 1, .tv_nsec = 0}};
    calls::timerfd_settime(timer, 0, &second, nullptr);
    ASSERT_EQ(calls::epoll_wait(epoll, &event, 1, -1), 1);
    ASSERT_EQ(event.data.fd, timer);
    std::uint64_t count = 0;
    ASSERT_EQ(calls::read(timer, &count, sizeof(count)), 8);
    ASSERT_EQ(count, 1U);
  }
  EXPECT_EQ(attempts, 600);
}

}  // namespace
}  // namespace selfconnect::vnet
