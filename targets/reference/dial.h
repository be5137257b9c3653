// What the reference targets share: an address, a blocking dial, the two ways to let go of a connection,
// and a backoff. Plain socket calls only, nothing of the harness.
// SPDX-License-Identifier: MIT
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

union Address {
  sockaddr_in6 v6;
  sockaddr_in v4;
  sockaddr any;
};

inline socklen_t length_of(const Address& address) {
  return address.any.sa_family == AF_INET ? sizeof address.v4 : sizeof address.v6;
}

// IPv4 and IPv6 addresses as text, no names. Bad text ends the program with exit code 64.
inline Address parse_address(const char* host, const char* port) {
  Address address{};
  const in_port_t number = htons(static_cast<std::uint16_t>(std::atoi(port)));
  if (number != 0 && inet_pton(AF_INET, host, &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = number;
    return address;
  }
  address = Address{};
  if (number != 0 && inet_pton(AF_INET6, host, &address.v6.sin6_addr) == 1) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = number;
    return address;
  }
  std::fprintf(stderr, "not an address and a port: %s %s\n", host, port);
  std::exit(64);
}

// The destination of a target called as NAME HOST PORT.
inline Address parse_arguments(int argc, char** argv) {
  if (argc == 3) return parse_address(argv[1], argv[2]);
  std::fprintf(stderr, "usage: %s HOST PORT\n", argv[0]);
  std::exit(64);
}

inline int new_socket(const Address& to, int flags = 0) {
  return socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
}

// A blocking connect on a new socket. The descriptor, or -1 with errno.
inline int dial(const Address& to) {
  const int fd = new_socket(to);
  if (fd < 0 || connect(fd, &to.any, length_of(to)) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

inline bool same_endpoint(const Address& a, const Address& b) {
  if (a.any.sa_family != b.any.sa_family) return false;
  if (a.any.sa_family == AF_INET)
    return a.v4.sin_port == b.v4.sin_port && a.v4.sin_addr.s_addr == b.v4.sin_addr.s_addr;
  return a.v6.sin6_port == b.v6.sin6_port &&
         std::memcmp(&a.v6.sin6_addr, &b.v6.sin6_addr, sizeof a.v6.sin6_addr) == 0;
}

// The guard: whether the socket is connected to itself.
inline bool self_connected(int fd) {
  Address local{}, remote{};
  socklen_t local_length = sizeof local, remote_length = sizeof remote;
  return getsockname(fd, &local.any, &local_length) == 0 &&
         getpeername(fd, &remote.any, &remote_length) == 0 && same_endpoint(local, remote);
}

// From now on any end of the connection is an RST, that of a dying process included: no TIME_WAIT.
inline void reset_when_closed(int fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

inline void close_with_reset(int fd) {
  reset_when_closed(fd);
  close(fd);
}

inline void say(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// The next bytes to come, at most 512; empty at the end of the connection.
inline std::string listen_once(int fd) {
  char buffer[512];
  const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
  return std::string(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
}

// What a connection to a real server is for: a greeting, then reading to its end.
// Closes it, and tells whether the server said anything.
inline bool converse(int fd, std::string_view greeting = "HELLO\n") {
  say(fd, greeting);
  bool answered = false;
  while (!listen_once(fd).empty()) answered = true;
  close(fd);
  return answered;
}

// Waits 20 ms, then twice as long each time, up to a limit.
struct Backoff {
  static constexpr std::chrono::milliseconds kFirst{20};

  std::chrono::milliseconds limit{160};
  std::chrono::milliseconds next = kFirst;

  std::chrono::milliseconds advance() {
    const auto now = next;
    next = std::min(2 * next, limit);
    return now;
  }
  void wait() { std::this_thread::sleep_for(advance()); }
  void reset() { next = kFirst; }
};

// How a one-shot ends that got nowhere: one line on stderr, exit code 1.
[[noreturn]] inline void give_up(const char* why) {
  std::fprintf(stderr, "cannot connect: %s\n", why);
  std::exit(1);
}
