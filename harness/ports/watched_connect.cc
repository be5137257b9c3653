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

// Without waiting: 0 or an errno. A blocking socket is none for the moment.
class Dialling {
 public:
  Dialling(int socket, const sockaddr_storage& destination)
      : socket_(socket), destination_(destination), flags_(fcntl(socket, F_GETFL)) {
    if (is_blocking()) fcntl(socket_, F_SETFL, flags_ | O_NONBLOCK);
  }
  ~Dialling() {
    if (is_blocking()) fcntl(socket_, F_SETFL, flags_);
  }
  Dialling(const Dialling&) = delete;
  Dialling& operator=(const Dialling&) = delete;

  [[nodiscard]] bool is_blocking() const { return (flags_ & O_NONBLOCK) == 0; }
  [[nodiscard]] int connect() const {
    const int connected =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&destination_), length_of(destination_));
    return connected == 0 ? 0 : errno;
  }

 private:
  int socket_;
  const sockaddr_storage& destination_;
  int flags_;
};

// What the first connect() of a socket has begun.
struct Begun {
  bool blocking = false;
  int error = 0;
  Endpoint source;
  int again = EALREADY;  // what a second one says, which a blocking socket gets at once
};

Begun begin(int socket, const sockaddr_storage& destination) {
  const Dialling dialling(socket, destination);
  Begun begun{.blocking = dialling.is_blocking(), .error = dialling.connect(), .source = {}};
  // Asked for before the connection's error is, with which the port goes.
  begun.source = name_of(socket, getsockname).value_or(Endpoint{});
  if (begun.error == EINPROGRESS && begun.blocking) begun.again = dialling.connect();
  return begun;
}

How outcome_of(int error) {
  if (error == EALREADY) return How::kPending;
  return error == 0 ? How::kConnected : How::kRefused;
}

}  // namespace

ConnectAnswer watched_connect(int socket, const sockaddr_storage& destination,
                              std::chrono::milliseconds patience) {
  Begun begun = begin(socket, destination);
  ConnectAnswer answer{.error = begun.error};
  ConnectOutcome& outcome = answer.outcome;
  outcome.source = begun.source;
  if (begun.error != 0 && begun.error != EINPROGRESS) {
    outcome.how = begun.error == ECONNREFUSED ? How::kRefused : How::kNotDialled;
    if (outcome.how == How::kNotDialled) outcome.error = begun.error;
  } else if (!begun.blocking || begun.error == 0) {
    await_answer(socket, patience);
    outcome.how = how_it_stands(socket);
  } else {
    if (begun.again == EALREADY) {
      await_answer(socket, patience);
      begun.again = Dialling(socket, destination).connect();
    }
    outcome.how = outcome_of(begun.again);
    answer.goes_on = outcome.how == How::kPending;
    answer.error = begun.again;
  }
  outcome.at = std::chrono::steady_clock::now();
  if (outcome.how == How::kConnected) {
    outcome.connected = name_of(socket, getpeername);
    if (!outcome.connected) outcome.how = How::kPending;  // made, and ended already
  }
  return answer;
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
