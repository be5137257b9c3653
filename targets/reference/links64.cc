// links64: keeps 64 links at once from one process, each guarded, non-blocking and with a backoff of its own.
// SPDX-License-Identifier: MIT
// selfconnect: run = links64 {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = none
#include <sys/epoll.h>

#include <array>

#include "dial.h"

using Clock = std::chrono::steady_clock;

struct Link {
  int fd = -1;
  bool greeted = false;
  Backoff backoff{.limit = std::chrono::milliseconds(320)};
  Clock::time_point due{};  // of the next attempt, while there is no descriptor
};

static void retry_later(Link& link) {
  if (link.fd >= 0) close(link.fd);
  link.fd = -1;
  link.greeted = false;
  link.due = Clock::now() + link.backoff.advance();
}

static void start(int poller, Link& link, const Address& to) {
  link.fd = new_socket(to, SOCK_NONBLOCK);
  epoll_event event{.events = EPOLLOUT, .data = {.ptr = &link}};
  if (link.fd < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, link.fd, &event) != 0 ||
      (connect(link.fd, &to.any, length_of(to)) != 0 && errno != EINPROGRESS))
    retry_later(link);
}

static void greet(int poller, Link& link) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(link.fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return retry_later(link);
  if (self_connected(link.fd)) {
    reset_when_closed(link.fd);
    return retry_later(link);
  }
  say(link.fd, "HELLO\n");
  link.greeted = true;
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &link}};
  epoll_ctl(poller, EPOLL_CTL_MOD, link.fd, &event);
}

static void hear(Link& link) {
  if (listen_once(link.fd).empty()) return retry_later(link);
  link.backoff.reset();
}

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  const int poller = epoll_create1(EPOLL_CLOEXEC);
  static std::array<Link, 64> links;
  for (;;) {
    auto next_due = Clock::time_point::max();
    for (Link& link : links) {
      if (link.fd < 0 && link.due <= Clock::now()) start(poller, link, server);
      if (link.fd < 0) next_due = std::min(next_due, link.due);
    }
    int timeout_ms = -1;  // all links stand: until one of them ends
    if (next_due != Clock::time_point::max()) {
      const auto until = std::chrono::ceil<std::chrono::milliseconds>(next_due - Clock::now());
      timeout_ms = std::max(0, static_cast<int>(until.count()));
    }
    std::array<epoll_event, 64> events;
    const int ready = epoll_wait(poller, events.data(), events.size(), timeout_ms);
    for (int i = 0; i < ready; ++i) {
      Link& link = *static_cast<Link*>(events[i].data.ptr);
      link.greeted ? hear(link) : greet(poller, link);
    }
  }
}
