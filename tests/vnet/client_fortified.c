// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "tests/vnet/client.h"

ssize_t client_fortified_read(int fd, size_t size) {
  char buffer[16];
  return read(fd, buffer, size);
}

ssize_t client_fortified_recv(int fd, size_t size) {
  char buffer[16];
  return recv(fd, buffer, size, 0);
}

ssize_t client_fortified_recvfrom(int fd, size_t size) {
  char buffer[16];
  return recvfrom(fd, buffer, size, 0, NULL, NULL);
}

int client_fortified_poll(size_t count) {
  struct pollfd fds[2] = {{.fd = -1}, {.fd = -1}};
  return poll(fds, count, 0);
}

int client_fortified_ppoll(size_t count) {
  struct pollfd fds[2] = {{.fd = -1}, {.fd = -1}};
  const struct timespec none = {0, 0};
  return ppoll(fds, count, &none, NULL);
}

int client_fcntl64_set(int fd, int flags) { return fcntl(fd, F_SETFL, flags); }
