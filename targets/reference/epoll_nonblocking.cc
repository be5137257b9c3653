// epoll_nonblocking: is guarded and dials without blocking: EINPROGRESS, then epoll says how it went.
// SPDX-License-Identifier: MIT
// selfconnect: run = epoll_nonblocking {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = none
#include <sys/epoll.h>

#include "dial.h"

static void wait_for(int poller, int fd, std::uint32_t events, int operation) {
  epoll_event event{.events = events, .data = {.fd = fd}};
  epoll_ctl(poller, operation, fd, &event);
  while (epoll_wait(poller, &event, 1, -1) != 1) {
  }
}

static bool connected(int poller, int fd, const Address& to) {
  if (connect(fd, &to.any, length_of(to)) == 0) return true;
  if (errno != EINPROGRESS) return false;
  wait_for(poller, fd, EPOLLOUT, EPOLL_CTL_ADD);
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0;
}

static bool answered(int poller, int fd) {
  say(fd, "HELLO\n");
  wait_for(poller, fd, EPOLLIN, EPOLL_CTL_MOD);
  return !listen_once(fd).empty();
}

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  const int poller = epoll_create1(EPOLL_CLOEXEC);
  for (Backoff backoff;; backoff.wait()) {
    const int fd = new_socket(server, SOCK_NONBLOCK);
    if (!connected(poller, fd, server)) {
      close(fd);
      continue;
    }
    if (self_connected(fd)) {
      close_with_reset(fd);
      continue;
    }
    while (answered(poller, fd)) backoff.reset();
    close(fd);
  }
}
