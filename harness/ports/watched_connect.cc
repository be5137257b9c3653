// SPDX-License-Identifier: MIT
#include "harness/ports/watched_connect.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <cerrno>

namespace selfconnect {

namespace {

using How = ConnectOutcome::How;

std::optional<Endpoint> name_of(int socket, int (*ask)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  if (ask(socket, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return std::nullopt;
  return Endpoint::from_sockaddr(storage);
}

// Not by SO_ERROR, which would take the error away from the process.
How how_it_stands(int socket) {
  tcp_info info{};
  socklen_t size = sizeof(info.tcpi_state);
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return How::kPending;
  if (info.tcpi_state == TCP_SYN_SENT || info.tcpi_state == TCP_SYN_RECV) return How::kPending;
  return info.tcpi_state == TCP_CLOSE ? How::kRefused : How::kConnected;
}

void await_answer(int socket, std::chrono::milliseconds patience) {
  using Clock = std::chrono::steady_clock;
  pollfd wait{.fd = socket, .events = POLLOUT, .revents = 0};
  const auto by = Clock::now() + patience;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(by - Clock::now());
    if (left.count() <= 0) return;
    if (poll(&wait, 1, static_cast<int>(left.count())) >= 0 || errno != EINTR) return;
  }
}

socklen_t length_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

int connect_to(int socket, const sockaddr_storage& destination) {
  return connect(socket, reinterpret_cast<const sockaddr*>(&destination), length_of(destination));
}

}  // namespace

ConnectAnswer watched_connect(int socket, const sockaddr_storage& destination,
                              std::chrono::milliseconds patience) {
  const int flags = fcntl(socket, F_GETFL);
  const bool blocking = (flags & O_NONBLOCK) == 0;
  if (blocking) fcntl(socket, F_SETFL, flags | O_NONBLOCK);
  const int error = connect_to(socket, destination) == 0 ? 0 : errno;
  if (blocking) fcntl(socket, F_SETFL, flags);

  const bool dialled = error == 0 || error == EINPROGRESS;
  ConnectAnswer answer{.goes_on = blocking && dialled, .error = error};
  ConnectOutcome& outcome = answer.outcome;
  if (dialled) {
    await_answer(socket, patience);
    outcome.how = how_it_stands(socket);
  } else {
    outcome.how = error == ECONNREFUSED ? How::kRefused : How::kNotDialled;
  }
  outcome.at = std::chrono::steady_clock::now();
  outcome.source = name_of(socket, getsockname).value_or(Endpoint{});
  if (outcome.how == How::kConnected) {
    outcome.connected = name_of(socket, getpeername);
    if (!outcome.connected) outcome.how = How::kPending;  // made, and ended already
  }
  return answer;
}

int finish_connect(int socket, const sockaddr_storage& destination) {
  const int flags = fcntl(socket, F_GETFL);
  fcntl(socket, F_SETFL, flags | O_NONBLOCK);
  const int error = connect_to(socket, destination) == 0 ? 0 : errno;
  fcntl(socket, F_SETFL, flags);
  return error;
}

int bind_beside(int socket, const sockaddr_storage& address, socklen_t length) {
  int before = 0;
  socklen_t size = sizeof(before);
  if (getsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &before, &size) != 0) return -1;
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const int bound = bind(socket, reinterpret_cast<const sockaddr*>(&address), length);
  const int error = errno;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &before, sizeof(before));
  errno = error;
  return bound;
}

}  // namespace selfconnect
