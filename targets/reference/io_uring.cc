// io_uring: is guarded and dials through io_uring, which no seccomp filter and no preloaded library sees: under the engine
// notify it is a skip.
// SPDX-License-Identifier: MIT
// selfconnect: run = io_uring {host} {port}
// selfconnect: kind = reconnector
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = none
#include <liburing.h>

#include "dial.h"

// As dial(), but through the ring.
static int dial_through(io_uring& ring, const Address& to) {
  const int fd = new_socket(to);
  if (fd < 0) return -1;
  io_uring_prep_connect(io_uring_get_sqe(&ring), fd, &to.any, length_of(to));
  io_uring_submit(&ring);
  io_uring_cqe* done = nullptr;
  int error = io_uring_wait_cqe(&ring, &done);
  if (error == 0) {
    error = done->res;
    io_uring_cqe_seen(&ring, done);
  }
  if (error == 0) return fd;
  close(fd);
  return -1;
}

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  io_uring ring{};
  if (const int error = io_uring_queue_init(4, &ring, 0); error != 0) {
    std::fprintf(stderr, "no io_uring: %s\n", std::strerror(-error));
    return 1;
  }
  for (Backoff backoff;; backoff.wait()) {
    const int fd = dial_through(ring, server);
    if (fd < 0) continue;
    if (self_connected(fd)) {
      close_with_reset(fd);
      continue;
    }
    if (converse(fd)) backoff.reset();
  }
}
