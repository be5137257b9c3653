// two_destinations: dials two ports in turn, each guarded and with a backoff of its own.
// SPDX-License-Identifier: MIT
// selfconnect: run = two_destinations {host} {port} 50100
// selfconnect: kind = reconnector
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = none
#include <poll.h>

#include <array>

#include "dial.h"

using Clock = std::chrono::steady_clock;

struct Link {
  Address server;
  int fd = -1;
  Backoff backoff;
  Clock::time_point due{};  // of the next attempt, while there is no descriptor
};

static void attempt(Link& link) {
  link.due = Clock::now() + link.backoff.advance();
  link.fd = dial(link.server);
  if (link.fd < 0) return;
  if (self_connected(link.fd)) {
    close_with_reset(link.fd);
    link.fd = -1;
    return;
  }
  say(link.fd, "HELLO\n");
}

static void hear(Link& link) {
  if (!listen_once(link.fd).empty()) return link.backoff.reset();
  close(link.fd);
  link.fd = -1;
  link.due = Clock::now() + link.backoff.advance();
}

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s HOST PORT1 PORT2\n", argv[0]);
    return 64;
  }
  std::array<Link, 2> links{Link{.server = parse_address(argv[1], argv[2])},
                            Link{.server = parse_address(argv[1], argv[3])}};
  for (;;) {
    for (Link& link : links)
      if (link.fd < 0 && link.due <= Clock::now()) attempt(link);
    // A descriptor of -1 is skipped by poll(2). 5 ms is how late an attempt may be.
    std::array<pollfd, 2> heard{pollfd{.fd = links[0].fd, .events = POLLIN, .revents = 0},
                                pollfd{.fd = links[1].fd, .events = POLLIN, .revents = 0}};
    poll(heard.data(), heard.size(), 5);
    for (std::size_t i = 0; i < links.size(); ++i)
      if (heard[i].revents != 0) hear(links[i]);
  }
}
