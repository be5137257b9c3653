// dial_many HOST PORT COUNT: dials an IPv4 address COUNT times as fast as it can, a new socket each time, and
// prints how many nanoseconds that took.
// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char** argv) {
  struct sockaddr_in to = {.sin_family = AF_INET};
  if (argc != 4 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
    fprintf(stderr, "usage: %s HOST PORT COUNT\n", argv[0]);
    return 64;
  }
  to.sin_port = htons((uint16_t)atoi(argv[2]));
  const long long start = now();
  for (long i = atol(argv[3]); i > 0; --i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return 1;
    (void)connect(fd, (const struct sockaddr*)&to, sizeof to);
    close(fd);
  }
  printf("%lld\n", now() - start);
  return 0;
}
