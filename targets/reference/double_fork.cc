// double_fork: forks twice into a daemon that is guarded and dials; the first process ends with success.
// SPDX-License-Identifier: MIT
// selfconnect: run = double_fork {host} {port}
// selfconnect: kind = one-shot
// selfconnect: verdict = pass
// selfconnect: errors = none
// selfconnect: warnings = leaves-children
#include <fcntl.h>

#include <utility>

#include "dial.h"

// Leaves the caller's session, as daemon(7) says. Returns in the daemon only; the first process ends once the
// daemon has closed the returned pipe's end, that is, once it works.
static int become_daemon() {
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) give_up(std::strerror(errno));
  if (fork() != 0) {
    close(ready[1]);
    char none;
    (void)!read(ready[0], &none, 1);
    std::_Exit(0);
  }
  setsid();
  if (fork() != 0) std::_Exit(0);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null, stream);
  close(ready[0]);
  return ready[1];
}

int main(int argc, char** argv) {
  const Address server = parse_arguments(argc, argv);
  int ready = become_daemon();
  alarm(60);  // not for ever: the harness ends it, a run by hand must not keep it
  for (Backoff backoff;; backoff.wait()) {
    const int fd = dial(server);
    if (ready >= 0) close(std::exchange(ready, -1));
    if (fd < 0) continue;
    if (self_connected(fd)) {
      close_with_reset(fd);
      continue;
    }
    if (converse(fd)) backoff.reset();
  }
}
