// bare_loop COUNT CLIENT [ARG ...]: what a phase cannot do without, in plain C, COUNT times one after the other:
// a network namespace of its own, lo up, an ephemeral range, the client started and waited for. The benchmarks
// compare the harness with it.
// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static void fail(const char* step) {
  perror(step);
  _exit(1);
}

static void bring_lo_up(void) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_flags = IFF_UP};
  strcpy(request.ifr_name, "lo");
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0) fail("bring lo up");
  close(fd);
}

static void set_range(void) {
  static const char kRange[] = "32768 60999";
  const int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, kRange, sizeof kRange - 1) < 0) fail("write ip_local_port_range");
  close(fd);
}

// In a process of its own, as an ordinary user needs it: user namespaces only nest 32 deep.
static void run_once(char** client, int user_namespace) {
  if (unshare(CLONE_NEWNET | user_namespace) != 0) fail("unshare");
  bring_lo_up();
  set_range();
  pid_t pid = 0;
  if (posix_spawn(&pid, client[0], NULL, NULL, client, environ) != 0) fail(client[0]);
  int status = 0;
  if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) fail("wait for the client");
  _exit(0);
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s COUNT CLIENT [ARG ...]\n", argv[0]);
    return 64;
  }
  const int user_namespace = geteuid() == 0 ? 0 : CLONE_NEWUSER;
  for (int i = atoi(argv[1]); i > 0; --i) {
    const pid_t pid = fork();
    if (pid < 0) fail("fork");
    if (pid == 0) run_once(argv + 2, user_namespace);
    int status = 0;
    if (waitpid(pid, &status, 0) != pid || status != 0) return 1;
  }
  return 0;
}
