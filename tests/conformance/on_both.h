// Tests that do the same on both sides and compare, for what is no sequence of calls: time, and much data.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>

#include <chrono>

#include "client.h"
#include "kernel_side.h"
#include "tests/capability.h"
#include "vnet_side.h"

namespace selfconnect::conformance {

// One stack, with the few calls these tests are made of. IPv4, the loopback address, non-blocking.
class OnStack {
 public:
  OnStack(Stack& stack, const Ports& ports) : stack_(stack), ports_(ports) {}

  [[nodiscard]] Stack& stack() { return stack_; }
  [[nodiscard]] std::uint16_t port(std::size_t number) const { return ports_[number]; }
  int socket() { return stack_.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }
  int bind(int fd, std::uint16_t port) {
    const sockaddr_in at = loopback(port);
    return stack_.bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof(at));
  }
  int connect(int fd, std::uint16_t port) {
    const sockaddr_in to = loopback(port);
    return stack_.connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  }
  int listener(std::uint16_t port, int backlog) {
    const int fd = socket();
    EXPECT_EQ(bind(fd, port), 0);
    EXPECT_EQ(stack_.listen(fd, backlog), 0);
    return fd;
  }
  // Bound to `port` and connected to itself.
  int self_connection(std::uint16_t port) {
    const int fd = socket();
    EXPECT_EQ(bind(fd, port), 0);
    EXPECT_EQ(connect(fd, port), -1);
    EXPECT_EQ(ready(fd, POLLIN | POLLOUT), POLLOUT);
    return fd;
  }
  short ready(int fd, short events, std::chrono::milliseconds limit = {}) {
    pollfd asked{.fd = fd, .events = events, .revents = 0};
    stack_.poll(&asked, 1, static_cast<int>(limit.count()));
    return asked.revents;
  }
  void wait(std::chrono::milliseconds time) { stack_.poll(nullptr, 0, static_cast<int>(time.count())); }
  std::chrono::nanoseconds now() {
    timespec now{};
    stack_.clock_gettime(CLOCK_MONOTONIC, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    return {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  }

  Stack& stack_;
  Ports ports_;
};

class OnBothTest : public ::testing::Test {
 protected:
  template <class Body>
  void on_kernel(const Body& body, bool forced = false) {
    auto kernel = KernelSide::create();
    SELFCONNECT_NEEDS("netns", kernel ? "" : kernel.error().message);
    kernel->run(forced, [&](Stack& stack, const Ports& ports, CallGuard&) { body(OnStack(stack, ports)); });
  }
  template <class Body>
  void on_vnet(const Body& body, bool forced = false) {
    VnetSide().run(forced,
                   [&](Stack& stack, const Ports& ports, CallGuard&) { body(OnStack(stack, ports)); });
  }
};

}  // namespace selfconnect::conformance
